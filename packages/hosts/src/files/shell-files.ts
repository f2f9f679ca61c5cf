import { posix } from "node:path";
import { addAbortSignal } from "node:stream";
import { cleanText } from "@otto/errors";
import { Collector } from "ssh2-streamer";
import { unpackEntries } from "./archive-reader.js";
import { copyFailed } from "./copy-errors.js";
import type { FileEntry, FileKind, FoundFile } from "./file-entry.js";
import type { HostFiles, LookOptions, SendOptions } from "./host-files.js";
import { lookScript, sendScript } from "./merge-script.js";
import { boundOutput, runShell, type StartShell } from "./shell-process.js";
import { receiveByTar } from "./shell-stage.js";

export interface ShellHost {
  readonly name: string;
  readonly start: StartShell;
  readonly absolute: (path: string) => string;
}

/** The files of a host that has `sh`, `tar` and `mv`. */
export function shellFiles(host: ShellHost): HostFiles {
  return {
    name: host.name,
    absolute: host.absolute,
    look: (paths, options) => lookByShell(host, paths, options),
    send: (path, options) => sendByTar(host, path, options),
    receive: (directory, entries, { signal }) =>
      receiveByTar({ start: host.start, host: host.name, directory }, entries, signal),
  };
}

export async function lookByShell(
  { start, name }: ShellHost,
  paths: readonly string[],
  { follow, signal }: LookOptions,
): Promise<readonly FoundFile[]> {
  const args = [follow ? "yes" : "no", ...paths];
  const { exitCode, stdout, stderr } = await runShell(start, { script: lookScript, args }, signal);
  const words = stdout.toString().split("\0");
  if (exitCode !== 0 || words.length !== paths.length * 3 + 1) throw copyFailed(`looking at files on ${name}`, stderr);
  return paths.map((path, index) => {
    const [kind = "none", size = "", real = path] = words.slice(index * 3);
    return { kind: kind as FileKind, path: real, sizeBytes: size === "" ? undefined : Number(size) };
  });
}

const exitChanged = 4;

export async function* sendByTar(
  { start, name: host }: ShellHost,
  path: string,
  { kind, signal, onWarning }: SendOptions,
): AsyncGenerator<FileEntry> {
  const isDirectory = kind === "directory";
  const name = isDirectory ? undefined : posix.basename(path);
  const args = isDirectory ? [path, ""] : [posix.dirname(path), name ?? ""];
  const process = await start(sendScript, args, signal);
  process.stdin.end();
  // The process takes a while to end; who waits for its bytes need not.
  if (signal !== undefined) addAbortSignal(signal, process.stdout);
  const stderr = new Collector(process.stderr, boundOutput(process));
  try {
    yield* unpackEntries(process.stdout, { from: host, name });
  } finally {
    if (!process.stdout.readableEnded) process.kill("SIGKILL");
  }
  const { exitCode } = await process.exit;
  if (exitCode === 0) return;
  const reason = (await stderr.finished()).toString();
  if (exitCode !== exitChanged) throw copyFailed(`reading ${path} on ${host}`, reason);
  for (const line of reason.trim().split("\n")) onWarning?.(`reading ${path} on ${host}: ${cleanText(line)}`);
}
