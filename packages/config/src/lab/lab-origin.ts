import { createHash } from "node:crypto";
import type { Stats } from "node:fs";
import { realpath, stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { readBoundedFile } from "@otto/errors";
import { isWithin } from "../document/local-path.js";
import type { LabOrigin } from "./lab-data.js";
import type { DeclaredHost } from "./lab-host.js";

/** What the reading of a lab file needs to know to tell whose it is. */
export interface LabReading {
  /** Roots of the repos. */
  readonly roots: readonly string[];
  /** Absolute path of the user's home. */
  readonly home: string;
}

/** What trust is in. */
interface TrustedText {
  readonly bytes: Uint8Array;
  /** Absolute paths of files that count as far as they lie in the clone. */
  readonly files: readonly string[];
}

const versionControl = [".git", ".hg", ".svn", ".jj"];

/**
 * Where a lab file comes from that its user may not have written: it lies in a repo, in the clone that a repo is part of,
 * or belongs to another user. `undefined`: it is the user's own.
 */
export async function readOrigin(
  file: string,
  { bytes, files }: TrustedText,
  { roots, home }: LabReading,
): Promise<LabOrigin | undefined> {
  const real = await realpath(file);
  const clones = await Promise.all(roots.map((root) => cloneOf(root, home)));
  const clone = clones.find((root) => root !== undefined && isWithin(root, real));
  if (clone === undefined && isOwn(await stat(real))) return undefined;
  return { file: real, digest: await digestOf(bytes, files, clone) };
}

/**
 * The directory that was cloned with a repo: the topmost around it under version control, below the home; else the repo.
 * Not the nearest: a clone may have submodules, or a directory of its own that is named `.hg`.
 */
async function cloneOf(root: string, home: string): Promise<string | undefined> {
  const real = await realpath(root).catch(() => undefined);
  if (real === undefined) return undefined;
  const realHome = await realpath(home).catch(() => home);
  let clone = real;
  for (let at = real; dirname(at) !== at && at !== realHome; at = dirname(at)) {
    for (const name of versionControl) if (await isThere(join(at, name))) clone = at;
  }
  return clone;
}

/** Root's files are nobody else's; who became root by sudo owns what they owned before. */
function isOwn({ uid }: Stats): boolean {
  const own = process.getuid?.() ?? uid;
  return uid === own || uid === 0 || (own === 0 && String(uid) === process.env.SUDO_UID);
}

/** The files of host keys and private keys, and the programs that run on this machine. */
export function filesOf(hosts: readonly DeclaredHost[]): readonly string[] {
  const files = hosts.flatMap(({ ssh, creds, directory = "/" }) => {
    const commands = [ssh.passwordCommand, ssh.passphraseCommand, ...creds.map((it) => it.passwordCommand)];
    return [...(ssh.knownHosts ?? []), ...ssh.clientKeys, ...commands.flatMap((argv = []) => pathsIn(argv, directory))];
  });
  return [...new Set(files)].toSorted();
}

/** The words of a command that may be files: an interpreter's script is one of them. */
export function pathsIn(argv: readonly string[], directory: string): readonly string[] {
  return argv.filter((word) => word.includes("/")).map((word) => resolve(directory, word));
}

/** Of the lab file, and of what it names in the clone: a `git pull` may change those as well. */
async function digestOf(bytes: Uint8Array, files: readonly string[], clone: string | undefined): Promise<string> {
  const hash = createHash("sha256").update(`${bytes.length}\n`).update(bytes);
  for (const file of files) {
    const real = await realpath(file).catch(() => undefined);
    if (clone !== undefined && real !== undefined && !isWithin(clone, real)) continue;
    const content = real === undefined ? undefined : await readBoundedFile(real).catch(() => undefined);
    hash.update(`${file.length} ${file} ${content?.length ?? "none"}\n`).update(content ?? "");
  }
  return hash.digest("hex");
}

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
