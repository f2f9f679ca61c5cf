import { readdir } from "node:fs/promises";
import { join, posix } from "node:path";
import { isPrintable, readBoundedFile } from "@otto/errors";
import { parse } from "jsonc-parser";
import type { ImageDraft } from "./image-drafts.js";

/** What a development container of a project is made of. Paths with `/`, from the project's root. */
export interface DevcontainerDraft {
  /** Its `devcontainer.json`. */
  readonly file: string;
  /** Its Compose files, in their order; the rest is then theirs. */
  readonly composes: readonly string[];
  /** The services of them that it runs; none: all. */
  readonly services: readonly string[];
  /** What it builds. */
  readonly image?: ImageDraft;
  /** The image that it runs as it is. */
  readonly reference?: string;
}

type Table = Readonly<Record<string, unknown>>;

/** The first development container of a project that otto can run; a file that cannot be read says nothing. */
export async function readDevcontainer(root: string): Promise<DevcontainerDraft | undefined> {
  const others = await readdir(join(root, ".devcontainer")).catch(() => []);
  const folders = others.toSorted((a, b) => (a < b ? -1 : 1)).map((name) => `.devcontainer/${name}/devcontainer.json`);
  for (const file of [".devcontainer/devcontainer.json", ".devcontainer.json", ...folders]) {
    const text = await readBoundedFile(join(root, file)).then(String, () => undefined);
    const draft = text === undefined ? undefined : toDraft(file, tableOf(parse(text)));
    if (draft !== undefined) return draft;
  }
  return undefined;
}

function toDraft(file: string, table: Table): DevcontainerDraft | undefined {
  const pathOf = (path: string) => posix.join(posix.dirname(file), path);
  const composes = textsOf(table.dockerComposeFile).map(pathOf);
  const bare = { file, composes, services: [] };
  if (composes.length > 0) return { ...bare, services: servicesOf(table) };
  const build = tableOf(table.build);
  const [dockerfile] = textsOf(build.dockerfile ?? table.dockerFile);
  const [context = "."] = textsOf(build.context ?? table.context);
  if (dockerfile !== undefined)
    return { ...bare, image: { name: "dev", dockerfile: pathOf(dockerfile), context: pathOf(context) } };
  const [reference] = textsOf(table.image);
  return reference === undefined ? undefined : { ...bare, reference };
}

/** `runServices`, with the one that a person works in; none where all of them run. */
function servicesOf(table: Table): readonly string[] {
  const run = textsOf(table.runServices);
  return run.length === 0 ? [] : [...new Set([...textsOf(table.service), ...run])];
}

/** A text or several; those that a terminal would obey, or that have a variable of the editor, are none. */
function textsOf(value: unknown): readonly string[] {
  const values: readonly unknown[] = Array.isArray(value) ? value : [value];
  return values.filter((it): it is string => {
    return typeof it === "string" && it !== "" && isPrintable(it) && !it.includes("$");
  });
}

function tableOf(value: unknown): Table {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Table) : {};
}
