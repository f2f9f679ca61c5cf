import { posix } from "node:path";
import { addAbortSignal } from "node:stream";
import { OttoError, quoteWord } from "@otto/errors";
import { type PackedEntry, packTree } from "./pack-tree.js";
import type { RemoteShell, ShellOutcome } from "./remote-shell.js";
import type { TreeEntry } from "./tree-entry.js";
import { formatManifest, groupByDirectory, isSettled, type TreePlan } from "./tree-plan.js";

/** A stack's files on a parent. */
export interface StagedTree {
  readonly shell: RemoteShell;
  /** Absolute; see {@link stagedDirectoryScript}. */
  readonly remoteDir: string;
  /** The parent's name, for messages. */
  readonly host: string;
  /** The docker client's argv there, for what the login itself may not touch. */
  readonly docker: readonly string[];
}

/** Where in a staged tree our own files are; nothing of it is mounted. */
export const ownDirectory = ".otto";

/**
 * Shell commands that set `dir` to where a stack's files lie: under `docker.staging_root`, else `otto` in the login's
 * cache directory.
 */
export function stagedDirectoryScript(project: string, stagingRoot: string | undefined): string {
  const root = stagingRoot === undefined ? `"\${XDG_CACHE_HOME:-$HOME/.cache}/otto"` : quoteWord(stagingRoot);
  return `dir=${root}/stacks/${quoteWord(project)}`;
}

/** A shell command that prints the manifest of the tree in `$dir`, or nothing. */
export const readManifestScript = `cat "$dir/${ownDirectory}/manifest" 2>/dev/null`;

/**
 * Makes the tree what the plan wants: each file is written beside and renamed, so that whoever reads it sees the old or
 * the new one. Only the login may enter the tree.
 * @param signal ends the sending; what has been sent then changes nothing
 * @throws OttoError `STAGING_FAILED`
 */
export async function updateTree(tree: StagedTree, plan: TreePlan, signal?: AbortSignal): Promise<void> {
  if (isSettled(plan)) return;
  const tar = packTree([
    { path: "apply.sh", mode: 0o600, content: formatApplyScript(plan) },
    { path: "pending", mode: 0o600, content: formatManifest(plan.pending) },
    { path: "manifest", mode: 0o600, content: formatManifest(plan.wanted) },
    ...plan.send.map(packed),
  ]);
  if (signal !== undefined) addAbortSignal(signal, tar);
  try {
    const dir = quoteWord(tree.remoteDir);
    const outcome = await tree.shell.run(
      `{ umask 077 && mkdir -p ${dir} && chmod 700 ${dir} && cd ${dir} && rm -rf ${incoming} && mkdir -p ${incoming} &&
tar -x -p -m -f - -C ${incoming}; } 2>&1`,
      { input: tar },
    );
    assertDone(tree, outcome);
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  } finally {
    tar.destroy();
  }
  assertDone(tree, await runInTree(tree, applyScript(tree, ""), applyScript(tree, "again")));
}

/**
 * Removes a staged tree, files that containers wrote included. An absent one is fine.
 * @throws OttoError `STAGING_FAILED`; the tree then lies aside, so that the next one starts anew
 */
export async function removeTree(tree: StagedTree): Promise<void> {
  const dir = quoteWord(tree.remoteDir);
  const aside = `${dir}.left-$(date +%s)`;
  const emptied = await runInTree(
    tree,
    `[ ! -d ${dir} ] || { ${forgetTreeScript(dir)}; find ${dir} -mindepth 1 -maxdepth 1 -exec rm -rf {} +; }`,
  );
  const outcome = await tree.shell.run(
    emptied.exitCode === 0 ? `[ ! -d ${dir} ] || rmdir ${dir} 2>&1` : `mv ${dir} ${aside} 2>&1`,
  );
  assertDone(tree, emptied.exitCode === 0 ? outcome : emptied);
}

/** To be run before a tree is removed: when that is interrupted, nothing says that files are there which are not. */
export function forgetTreeScript(directory: string): string {
  return `rm -f ${directory}/${ownDirectory}/manifest`;
}

function applyScript({ remoteDir }: StagedTree, how: string): string {
  return `cd ${quoteWord(remoteDir)} && sh ${incoming}/apply.sh ${how}`;
}

const incoming = `${ownDirectory}/new`;

function packed(entry: TreeEntry): PackedEntry {
  const path = `tree/${entry.path}`;
  if (entry.kind === "symlink") return { path, target: entry.target };
  if (entry.kind === "dir") throw new TypeError(`a directory is made, not sent: ${entry.path}`);
  return { path, mode: entry.mode, size: entry.size, ...entry.source };
}

/** What is removed goes first: something of another kind may take its place. */
function formatApplyScript({ make, remove, send }: TreePlan): string {
  const lines = [
    "set -e",
    "umask 077",
    placeFunction,
    `[ -n "$1" ] || mv -f ${incoming}/pending ${ownDirectory}/manifest`,
    ...remove.map(({ path, isDirectory }) =>
      isDirectory ? `rmdir ${quoteWord(path)} 2>/dev/null || true` : `rm -f ${quoteWord(path)}`,
    ),
    ...make.map(({ path, mode }) => {
      const name = quoteWord(path);
      return `[ -d ${name} ] || { mkdir ${name} && chmod ${mode.toString(8)} ${name}; }`;
    }),
    ...[...groupByDirectory(send)].flatMap(([directory, names]) => formatMoves(directory, names)),
    `mv -f ${incoming}/manifest ${ownDirectory}/manifest`,
    `rm -rf ${incoming}`,
  ];
  return `${lines.join("\n")}\n`;
}

/** The second time, what the first one came to is in its place already. */
const placeFunction = `again=$1
place() {
  into=$1; shift
  if [ -z "$again" ]; then mv -f "$@" "$into"; return; fi
  for file; do if [ -e "$file" ] || [ -L "$file" ]; then mv -f "$file" "$into"; fi; done
}`;

const namesAtOnce = 200;

function formatMoves(directory: string, names: readonly string[]): string[] {
  const moves: string[] = [];
  for (let from = 0; from < names.length; from += namesAtOnce) {
    const sources = names
      .slice(from, from + namesAtOnce)
      .map((name) => quoteWord(posix.join(incoming, "tree", directory, name)));
    moves.push(`place ${quoteWord(`./${directory}/`)} ${sources.join(" ")}`);
  }
  return moves;
}

/**
 * Runs a script on the tree as the login, and when that fails as root in a container that sees the tree and the parent's
 * own programs: a container's root may own what lies there. Any image of the engine will do.
 */
async function runInTree(tree: StagedTree, script: string, again = script): Promise<ShellOutcome> {
  const outcome = await tree.shell.run(`{ ${script}; } 2>&1`);
  if (outcome.exitCode === 0) return outcome;
  const asRoot = await tree.shell.run(`{ ${asEngineRoot(tree, again)}; } 2>&1`);
  return asRoot.exitCode === 0 ? asRoot : outcome;
}

function asEngineRoot({ docker, remoteDir }: StagedTree, script: string): string {
  const client = docker.map(quoteWord).join(" ");
  const dir = quoteWord(remoteDir);
  return `image=$(${client} image ls --quiet | head -n 1)
[ -n "$image" ] || exit 1
set --
for system in /bin /sbin /lib /lib32 /lib64 /usr; do
[ ! -d "$system" ] || set -- "$@" --mount "type=bind,source=$system,target=$system,readonly"
done
${client} run --rm --pull never --network none --user 0:0 "$@" --mount type=bind,source=${dir},target=${dir} \\
--entrypoint /bin/sh "$image" -c ${quoteWord(script)}`;
}

function assertDone({ host }: StagedTree, { exitCode, output }: ShellOutcome): void {
  if (exitCode === 0) return;
  throw new OttoError("STAGING_FAILED", `staging on ${host}: ${output.trim() || `exit code ${exitCode}`}`, {
    hint: "Check that the login may write there, or set docker.staging_root of the host.",
    details: { host },
  });
}
