import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";

interface SourceMap {
  readonly sourceRoot?: string;
  readonly sources: readonly string[];
  readonly sourcesContent?: readonly (string | null)[];
}

/**
 * Follows each `sourceMappingURL` of the files of an unpacked package to its map, and each source of the map to its text.
 * @returns how many files were looked at, and what is missing, as `FILE: WHAT`
 */
export async function findUnresolvedSourceMaps(directory: string) {
  const names = await readdir(directory, { recursive: true });
  const files = names.filter((name) => /\.[cm]?[jt]s$/.test(name)).map((name) => join(directory, name));
  const unresolved = await Promise.all(
    files.map(async (file) => (await missingOf(file)).map((path) => `${relative(directory, file)}: ${path}`)),
  );
  return { looked: files.length, unresolved: unresolved.flat() };
}

async function missingOf(file: string): Promise<readonly string[]> {
  const [, url] = /^\/\/# sourceMappingURL=(\S+)$/m.exec(await readFile(file, "utf8")) ?? [];
  if (url === undefined) return [];
  const path = join(dirname(file), url);
  if (!existsSync(path)) return [url];
  const { sourceRoot = "", sources, sourcesContent }: SourceMap = JSON.parse(await readFile(path, "utf8"));
  const isThere = (source: string, index: number) =>
    typeof sourcesContent?.[index] === "string" || existsSync(join(dirname(path), sourceRoot, source));
  return sources.filter((source, index) => !isThere(source, index));
}
