import { mkdir, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { runCommand } from "./command.js";
import { type PublishedPackage, toFileName, workspaceRoot } from "./published-packages.js";

/**
 * Packs packages as they would be published, all in one go.
 * @returns the tarball's path for each package name
 */
export async function packAll(
  packages: readonly PublishedPackage[],
  destination: string,
): Promise<ReadonlyMap<string, string>> {
  const filters = packages.flatMap(({ name }) => ["--filter", name]);
  await runCommand(["pnpm", "--recursive", ...filters, "pack", "--pack-destination", destination], {
    cwd: workspaceRoot,
  });
  const written = new Set(await readdir(destination));
  return new Map(
    packages.map(({ name, manifest }) => {
      const file = `${toFileName(name)}-${manifest.version}.tgz`;
      if (!written.has(file)) throw new Error(`pnpm pack wrote no ${file}`);
      return [name, join(destination, file)];
    }),
  );
}

/** A tarball's bytes, as the checkers take them. */
export async function readTarball(path: string): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await readFile(path));
}

/** The files in a tarball, without the leading `package/`. */
export async function listTarball(path: string): Promise<readonly string[]> {
  const names = await runCommand(["tar", "-tzf", path], { cwd: workspaceRoot });
  return names
    .trim()
    .split("\n")
    .map((name) => name.replace(/^package\//, ""));
}

/** Unpacks a tarball. @returns the directory of the package in it */
export async function unpackTarball(path: string, destination: string): Promise<string> {
  await mkdir(destination, { recursive: true });
  await runCommand(["tar", "-xzf", path, "-C", destination], { cwd: workspaceRoot });
  return join(destination, "package");
}
