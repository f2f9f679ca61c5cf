import { measureInstall } from "./installed-size.js";
import { closureOf, type WorkspacePackage } from "./workspace-package.js";

const begin = "<!-- packages: written by pnpm docs:write -->";
const end = "<!-- /packages -->";

/** A row of the README's table of packages. */
export interface PackageRow {
  readonly name: string;
  readonly path: string;
  readonly purpose: string;
  /** `1.2 MB, 12 packages` */
  readonly size: string;
  readonly thirdParty: string;
}

/** Measures what an install of each package brings. */
export function listRows(packages: readonly WorkspacePackage[]): readonly PackageRow[] {
  return packages.map((it) => {
    const { bytes, count } = measureInstall(closureOf(it, packages));
    const size = `${formatSize(bytes)}, ${count} ${count === 1 ? "package" : "packages"}`;
    return {
      name: it.name,
      path: it.path,
      purpose: it.description.replace(/[.]$/, ""),
      size,
      thirdParty: formatThirdParty(it, packages),
    };
  });
}

/** What a package itself needs of others' packages. */
export function formatThirdParty(it: WorkspacePackage, packages: readonly WorkspacePackage[]): string {
  if (it.thirdParty.length > 0) return it.thirdParty.join(", ");
  const isAlone = [...closureOf(it, packages)].every(({ thirdParty }) => thirdParty.length === 0);
  return isAlone ? "none" : "none of its own";
}

function formatSize(bytes: number): string {
  return bytes < 100_000 ? `${Math.round(bytes / 1000)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

/** Puts the table between its marks in the README. */
export function replaceTable(readme: string, rows: readonly PackageRow[]): string {
  const [before, rest] = splitOnce(readme, begin);
  const [, after] = splitOnce(rest, end);
  const head = "| package | what for | installed | third-party dependencies |\n| --- | --- | --- | --- |\n";
  const lines = rows.map(
    (row) => `| [${row.name}](${row.path}) | ${row.purpose} | ${row.size} | ${row.thirdParty} |\n`,
  );
  return `${before}${begin}\n\n${head}${lines.join("")}\n${end}${after}`;
}

/** The rows of the README's table, without their sizes. */
export function readTable(readme: string): readonly Omit<PackageRow, "size">[] {
  const [, rest] = splitOnce(readme, begin);
  const [table] = splitOnce(rest, end);
  return [...table.matchAll(/^\| \[(.+?)\]\((.+?)\) +\| (.+?) +\| .+? +\| (.+?) +\|$/gm)].map(
    ([, name = "", path = "", purpose = "", thirdParty = ""]) => ({ name, path, purpose, thirdParty }),
  );
}

function splitOnce(text: string, mark: string): readonly [string, string] {
  const at = text.indexOf(mark);
  if (at < 0) throw new Error(`the README has no ${mark}`);
  return [text.slice(0, at), text.slice(at + mark.length)];
}
