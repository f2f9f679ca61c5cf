import { createHash } from "node:crypto";
import { lstat, mkdir, readdir, readFile, readlink, symlink, utimes, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

/** A tree as one line for each entry: kind, mode, time, content or target. */
export async function listTree(root: string, path = ""): Promise<readonly string[]> {
  const place = join(root, path);
  const stats = await lstat(place);
  const shown = JSON.stringify(path);
  const mode = (stats.mode & 0o7777).toString(8);
  const time = Math.floor(stats.mtimeMs / 1000);
  if (stats.isSymbolicLink()) return [`link ${shown} > ${await readlink(place)} ${time}`];
  if (stats.isFile()) {
    const digest = createHash("sha256")
      .update(await readFile(place))
      .digest("hex");
    return [`file ${shown} ${mode} ${time} ${digest.slice(0, 16)}`];
  }
  const below: string[] = [];
  for (const name of (await readdir(place)).toSorted()) below.push(...(await listTree(root, join(path, name))));
  return [`dir ${shown} ${mode} ${time}`, ...below];
}

const oddNames = [
  "a b",
  "new\nline",
  "-rf",
  "ünïcode ☃",
  "'\"$(id)`*?",
  "back\\slash",
  ".hidden",
  "x".repeat(255),
  "..twodots",
];

/** Writes a tree of odd names, links, modes and times. */
export async function makeOddTree(root: string): Promise<void> {
  await mkdir(join(root, "deep/er"), { recursive: true });
  await mkdir(join(root, "empty"));
  for (const [index, name] of oddNames.entries()) {
    await writeFile(join(root, name), `content of ${name}`, { mode: 0o600 + index });
    await utimes(join(root, name), 1_000_000_000 + index, 1_000_000_000 + index);
  }
  await writeFile(join(root, "none"), "");
  await writeFile(join(root, "deep/er", "run"), "#!/bin/sh\n", { mode: 0o755 });
  await mkdir(join(root, "y".repeat(255)));
  await writeFile(join(root, "y".repeat(255), "z".repeat(255)), "long");
  await symlink("a b", join(root, "link"));
  await symlink("../nowhere", join(root, "deep/dangling"));
  await symlink("/etc", join(root, "out"));
  for (const path of ["deep/er", "deep", "empty", "."]) await utimes(join(root, path), 1_100_000_000, 1_100_000_000);
}

/** Writes files, directories for paths that end in a slash, from path to content. */
export async function makeFiles(root: string, files: Readonly<Record<string, string>>): Promise<void> {
  await mkdir(root, { recursive: true });
  for (const [path, content] of Object.entries(files)) {
    const place = join(root, path);
    await mkdir(path.endsWith("/") ? place : dirname(place), { recursive: true });
    if (!path.endsWith("/")) await writeFile(place, content);
  }
}

/** The files of a tree, from path to content; empty directories end in a slash. */
export async function readFiles(root: string, path = ""): Promise<Record<string, string>> {
  const names = await readdir(join(root, path), { withFileTypes: true });
  if (names.length === 0 && path !== "") return { [`${path}/`]: "" };
  const found: Record<string, string> = {};
  for (const entry of names.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    const inner = join(path, entry.name);
    if (entry.isDirectory()) Object.assign(found, await readFiles(root, inner));
    else
      found[inner] = entry.isSymbolicLink()
        ? `> ${await readlink(join(root, inner))}`
        : await readFile(join(root, inner), "utf8");
  }
  return found;
}
