import { randomBytes } from "node:crypto";
import { posix } from "node:path";
import { addAbortSignal } from "node:stream";
import { cleanText, OttoError, quoteWord } from "@otto/errors";
import { checkProjectName, encodePath } from "@otto/hashing";
import { onTreeFunction } from "./engine-root.js";
import { type PackedEntry, packTree } from "./pack-tree.js";
import type { RemoteShell, ShellOutcome } from "./remote-shell.js";
import { parseSentTree } from "./sent-tree.js";
import { isSettled, type SentEntry, type TreePlan } from "./tree-plan.js";
import {
  downScriptFile,
  formatApplyScript,
  formatRecords,
  incomingDirectory,
  ownDirectory,
  reportMark,
} from "./tree-script.js";

/** A stack's files on a parent. */
export interface StagedTree {
  readonly shell: RemoteShell;
  /** Absolute; see {@link stagedDirectoryScript}. */
  readonly remoteDir: string;
  /** The parent's name, for messages. */
  readonly host: string;
  /** The docker client's argv there, for what the login itself may not touch. */
  readonly docker: readonly string[];
  /** `docker.staging_root` of the host. Where it is missing it is made for all logins. */
  readonly stagingRoot?: string | undefined;
}

/** What containers wrote, where it was left. */
export interface KeptFiles {
  readonly host: string;
  /** Absolute, on the host. */
  readonly directory: string;
  /** How many there are, directories apart. 0: there are empty directories alone, or something that was sent is gone. */
  readonly files: number;
}

/** What a container wrote in the place of something that was sent now. */
export interface SetAside {
  /** Absolute, on the parent: there each lies under its own path. */
  readonly directory: string;
  /** Paths in the tree. */
  readonly paths: readonly string[];
}

/**
 * Shell commands that set `dir` to where a stack's files lie: below `docker.staging_root`, for each login apart, else in
 * `otto` of the login's cache directory.
 * @param member whose files, of a project that several repos make
 * @throws OttoError `COMPOSE_PROJECT_INVALID` for a name that could lead elsewhere
 */
export function stagedDirectoryScript(project: string, stagingRoot: string | undefined, member?: string): string {
  const name = stackKey(project, member);
  if (stagingRoot === undefined) return `dir="\${XDG_CACHE_HOME:-$HOME/.cache}/otto"/stacks/${name}`;
  const root = quoteWord(stagingRoot);
  // Versions before had no directory of the login.
  return `dir=${root}/stacks/${name}; [ -O "$dir" ] || dir=${root}/$(id -un)/stacks/${name}`;
}

/**
 * What tells a stack from all others on its parent: its project, and of a project that several repos make, the member.
 * @throws OttoError `COMPOSE_PROJECT_INVALID`
 */
export function stackKey(project: string, member: string | undefined): string {
  checkProjectName(project);
  // No project name has this sign.
  return member === undefined ? project : `${project}@${checkProjectName(member)}`;
}

/** Shell commands that print what {@link parseSentTree} reads of the tree in `$dir`, with `separator` between both. */
export function readSentScript(separator: string): string {
  const own = `"$dir/${ownDirectory}"`;
  return `cat ${own}/manifest 2>/dev/null
${separator}
[ ! -e ${own}/down ] || { printf 'down\\0'; cat ${own}/down; }`;
}

/**
 * Makes the tree what the plan wants: each file is written beside and renamed, so that whoever reads it sees the old or
 * the new one. Only the login may enter the tree. What a container wrote in the place of a file that comes is set aside.
 * @param signal ends the sending; what has been sent then changes nothing
 * @throws OttoError `STAGING_FAILED`; `STAGING_FILE_CHANGED` when a file is not what was listed, and nothing is changed then
 */
export async function updateTree(
  tree: StagedTree,
  plan: TreePlan,
  signal?: AbortSignal,
): Promise<SetAside | undefined> {
  if (isSettled(plan)) return undefined;
  const stamp = `${new Date().toISOString().replaceAll(/[:.]/g, "-")}-${randomBytes(2).toString("hex")}`;
  await receive(tree, plan, stamp, signal);
  const outcome = await tree.shell.run(
    `${onTreeFunction(tree.docker)}
dir=${quoteWord(tree.remoteDir)}
on_tree "$dir" ${incomingDirectory}/apply.sh`,
  );
  assertDone(tree, outcome);
  const paths = reportsOf(outcome.output, "aside");
  return paths.length === 0 ? undefined : { directory: `${tree.remoteDir}/kept/${stamp}`, paths };
}

async function receive(
  tree: StagedTree,
  plan: TreePlan,
  stamp: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const records = (place: string, sent: TreePlan["pending"]) =>
    Object.entries(formatRecords(sent)).map(([name, content]) => packedText(`${place}/${name}`, content));
  const tar = packTree([
    packedText("apply.sh", formatApplyScript(plan, stamp)),
    ...records("pending", plan.pending),
    ...records("wanted", { entries: plan.wanted, shared: plan.pending.shared }),
    ...plan.send.map(packed),
  ]);
  if (signal !== undefined) addAbortSignal(signal, tar);
  try {
    const dir = quoteWord(tree.remoteDir);
    const outcome = await tree.shell.run(
      `{ ${ownPlaceScript(tree)}umask 077 && mkdir -p ${dir} && chmod 700 ${dir} && cd ${dir} && rm -rf ${incomingDirectory} &&
mkdir -p ${incomingDirectory} && tar -x -p -m -f - -C ${incomingDirectory}; } 2>&1`,
      { input: tar },
    );
    assertDone(tree, outcome);
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  } finally {
    tar.destroy();
  }
}

/** In a root that logins share, somebody else's directory may have our name: its owner could swap what is in it. */
function ownPlaceScript({ remoteDir, stagingRoot }: StagedTree): string {
  if (stagingRoot === undefined) return "";
  const root = quoteWord(stagingRoot);
  const place = posix.dirname(posix.dirname(remoteDir));
  const makeRoot = `{ [ -d ${root} ] || (umask 022 && mkdir -p ${root} && chmod 1777 ${root}); } && `;
  if (posix.relative(place, stagingRoot) === "") return makeRoot;
  const own = quoteWord(place);
  return `${makeRoot}(umask 077 && mkdir -p ${own}) && { [ -O ${own} ] || { echo ${own} belongs to another login; exit 1; }; } && `;
}

function packed(entry: SentEntry): PackedEntry {
  return { ...entry, path: `tree/${entry.path}` };
}

function packedText(path: string, text: string): PackedEntry {
  const bytes = encodePath(text);
  return { path, mode: 0o600, size: bytes.length, read: () => [bytes] };
}

/**
 * Removes what was sent from a staged tree; what containers wrote or changed stays, and what they deleted is remembered.
 * An absent tree is fine, and one without a manifest of ours is left.
 * @param options `volumes`: what containers wrote goes too
 * @returns what stays
 * @throws OttoError `STAGING_FAILED`; the next call goes on where this one failed
 */
export async function removeTree(
  tree: StagedTree,
  { volumes }: { readonly volumes: boolean },
): Promise<KeptFiles | undefined> {
  const { shell, host, remoteDir: directory } = tree;
  await renewRecords(tree);
  const script = `dir=${quoteWord(directory)}\n${removeTreeScript(tree.docker)}\nremove_tree ${volumes ? "volumes" : ""} 2>&1`;
  const outcome = await shell.run(script);
  if (outcome.exitCode !== 0) throw removalFailed(tree, outcome);
  const stays = reportsOf(outcome.output, "stays").at(-1);
  return stays === undefined ? undefined : { host, directory, files: Number(stays) };
}

/** A tree of a version before has no script that removes it. */
async function renewRecords(tree: StagedTree): Promise<void> {
  const own = quoteWord(`${tree.remoteDir}/${ownDirectory}`);
  const { output } = await tree.shell.run(`[ -e ${own}/down.sh ] || cat ${own}/manifest 2>/dev/null`);
  if (output === "") return;
  const records = Object.entries(formatRecords(parseSentTree(output)));
  const input = packTree(records.map(([path, content]) => packedText(path, content)));
  assertDone(tree, await tree.shell.run(`tar -x -m -f - -C ${own} 2>&1`, { input }));
}

/**
 * A shell function `remove_tree [volumes]` that does the same to the tree in `$dir`, and prints what it reports. Trees
 * that a version before could not remove, and put beside, go too.
 */
export function removeTreeScript(docker: readonly string[]): string {
  return `${onTreeFunction(docker)}
remove_tree() {
for left in "$dir".left-[0-9]*; do
[ ! -d "$left" ] || [ -L "$left" ] || { on_tree "$left" -c 'find . -mindepth 1 -maxdepth 1 -exec rm -rf {} +' && rmdir "$left"; } || return
done
if [ -f "$dir/${ownDirectory}/manifest" ] && [ -f "$dir/${downScriptFile}" ]; then
on_tree "$dir" ${downScriptFile} "$@" || return
[ -e "$dir/${ownDirectory}" ] || rmdir "$dir"
elif [ -d "$dir/${incomingDirectory}" ]; then
rm -rf "$dir/${incomingDirectory}" || return
rmdir "$dir/${ownDirectory}" "$dir" 2>/dev/null || :
fi
}`;
}

function reportsOf(output: string, kind: string): string[] {
  const reports = output.split(reportMark).filter((_, index) => index % 2 === 1);
  return reports.flatMap((report) => (report.startsWith(`${kind} `) ? [report.slice(kind.length + 1)] : []));
}

function wordsOf({ output, exitCode }: ShellOutcome): string {
  const words = output.split(reportMark).filter((_, index) => index % 2 === 0);
  return cleanText(words.join("")).trim() || `exit code ${exitCode}`;
}

function assertDone({ host }: StagedTree, outcome: ShellOutcome): void {
  if (outcome.exitCode === 0) return;
  throw new OttoError("STAGING_FAILED", `staging on ${host}: ${wordsOf(outcome)}`, {
    hint: "Check that the login may write there, or set docker.staging_root of the host.",
    details: { host },
  });
}

function removalFailed({ host, remoteDir }: StagedTree, outcome: ShellOutcome): OttoError {
  return new OttoError("STAGING_FAILED", `removing the staged files in ${remoteDir} on ${host}: ${wordsOf(outcome)}`, {
    hint: `The next \`otto docker down\` tries it again. To remove it by hand with what containers wrote, run \`sudo rm -rf ${quoteWord(remoteDir)}\` on ${host}.`,
    details: { host, directory: remoteDir },
  });
}
