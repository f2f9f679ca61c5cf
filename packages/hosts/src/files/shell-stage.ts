import { posix } from "node:path";
import { isOttoError } from "@otto/errors";
import { packEntries } from "./archive-writer.js";
import { conflict, copyFailed } from "./copy-errors.js";
import type { FileEntry } from "./file-entry.js";
import { stageName, withoutStage } from "./local-stage.js";
import { dropScript, mergeScript, receiveScript } from "./merge-script.js";
import { runShell, type ShellResult, type StartShell, startTidying } from "./shell-process.js";

/** A directory of a host that has a shell. */
export interface ShellTarget {
  readonly start: StartShell;
  /** For messages. */
  readonly host: string;
  readonly directory: string;
}

/** Has the host's tar unpack entries in a stage, and moves them into place: all in one process. */
export async function receiveByTar(
  target: ShellTarget,
  entries: AsyncIterable<FileEntry>,
  signal: AbortSignal | undefined,
): Promise<void> {
  const name = stageName();
  const input = packEntries(endWith(entries, name));
  const args = [target.directory, name];
  assertMerged(target, await runShell(target.start, { script: receiveScript, args, input }, signal));
}

/** Has `fill` make a stage with all entries in it, then the host's shell move them into place. */
export async function receiveStaged(
  target: ShellTarget,
  fill: (stage: string) => Promise<void>,
  signal: AbortSignal | undefined,
): Promise<void> {
  const name = stageName();
  const args = [target.directory, name];
  using grace = startTidying(signal);
  const run = (script: string) => runShell(target.start, { script, args }, grace.signal);
  try {
    await fill(posix.join(target.directory, name));
    signal?.throwIfAborted();
  } catch (error) {
    await run(dropScript).catch(ignoreLoss);
    throw error;
  }
  assertMerged(target, await run(mergeScript));
}

async function* endWith(entries: AsyncIterable<FileEntry>, name: string): AsyncGenerator<FileEntry> {
  yield* entries;
  yield { kind: "directory", path: name, mode: 0o700, mtime: 0 };
}

const exitConflict = 4;

function assertMerged({ directory, host }: ShellTarget, { exitCode, stderr }: ShellResult): void {
  if (exitCode === exitConflict) throw conflict(`${stderr}: a file and a directory have this name`);
  if (exitCode !== 0) throw copyFailed(`writing to ${directory} on ${host}`, withoutStage(stderr));
}

/** What is left behind where the connection is gone is removed by the next copy, a day later. */
function ignoreLoss(error: unknown): void {
  if (!isOttoError(error)) throw error;
}
