import { join } from "node:path";
import { isPrintable, readBoundedFile } from "@otto/errors";
import { parse } from "smol-toml";

/** What a project's own files call it. */
export interface ProjectIdentity {
  readonly name?: string;
  readonly version?: string;
}

type Table = Readonly<Record<string, unknown>>;

const manifests: readonly { readonly file: string; readonly read: (text: string) => unknown }[] = [
  { file: "package.json", read: (text) => JSON.parse(text) },
  { file: "pyproject.toml", read: (text) => (parse(text) as { project?: unknown }).project },
  { file: "Cargo.toml", read: (text) => (parse(text) as { package?: unknown }).package },
];

/** Name and version from the first manifest at the root that has them; one that cannot be read says nothing. */
export async function readIdentity(root: string): Promise<ProjectIdentity> {
  const identity: { name?: string; version?: string } = {};
  for (const { file, read } of manifests) {
    const table = await readTable(join(root, file), read);
    for (const key of ["name", "version"] as const) {
      const value = table[key];
      if (identity[key] === undefined && typeof value === "string" && value !== "" && isPrintable(value))
        identity[key] = value;
    }
  }
  return identity;
}

async function readTable(file: string, read: (text: string) => unknown): Promise<Table> {
  try {
    const table = read((await readBoundedFile(file)).toString());
    return typeof table === "object" && table !== null ? (table as Table) : {};
  } catch {
    return {};
  }
}
