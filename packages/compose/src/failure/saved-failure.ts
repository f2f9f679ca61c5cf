import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { cleanText, isOttoError, type Redactor } from "@otto/errors";
import type { ObservedContainer } from "../observed/observed-stack.js";
import { dockerWords } from "../session/compose-command.js";
import type { StackLocation } from "../session/stack-session.js";
import { readTexts } from "./container-texts.js";
import { cutLog, type StackView } from "./read-failure.js";
import { formatSavedLog, mergeLogs, parseDockerLog, parseSavedLog, type SavedLogLine } from "./saved-log.js";

/** What is kept of an `up` that failed and was taken down: `failure.json`. Beside it lie `inspect.json` and the logs. */
export interface SavedFailure {
  readonly project: string;
  /** Id of the parent. */
  readonly parent: string;
  /** ISO 8601. */
  readonly savedAt: string;
  readonly code: string | undefined;
  readonly message: string;
  readonly containers: readonly SavedContainer[];
}

export interface SavedContainer {
  readonly service: string;
  readonly replica: number;
  readonly container: string;
  readonly state: string;
  readonly exitCode: number;
  /** Name of the file with its log. */
  readonly log: string;
}

/** Where it lies, absolute, beside what it is. */
export interface FoundFailure extends SavedFailure {
  readonly directory: string;
}

/** Of each stream of a container, its end; and of all together. */
const limits = {
  failed: { streamBytes: 1 << 20, totalBytes: 8 << 20 },
  /** A person waits. */
  interrupted: { streamBytes: 64 << 10, totalBytes: 1 << 20 },
};
const keptDays = 14;
const keptCount = 20;

/**
 * Saves the logs and the `inspect` data of a stack's containers before they are removed, and removes what was saved of an
 * earlier `up` of it, and old ones of others.
 * @param root of all that is saved; made with mode 0700
 * @returns the directory; undefined: the stack has no container
 */
export async function saveFailure(
  { session, redactor }: StackView,
  {
    root,
    error,
    containers,
  }: { readonly root: string; readonly error: unknown; readonly containers: readonly ObservedContainer[] },
): Promise<string | undefined> {
  if (containers.length === 0) return undefined;
  const limit = isOttoError(error) ? limits.failed : limits.interrupted;
  const streamBytes = Math.min(limit.streamBytes, Math.floor(limit.totalBytes / (2 * containers.length)));
  const commands = containers.flatMap(({ id }) =>
    logCommands(`${dockerWords(session.parent)} logs --timestamps ${id}`, streamBytes),
  );
  const ids = containers.map(({ id }) => id);
  const { inspected, printed } = await readTexts(session, ids, commands);
  const clean = await redactor();
  const files = new Map<string, string>();
  const saved = containers.map((container, at) => {
    const log = logName(container, files);
    const read = (stream: SavedLogLine["stream"], text = "") =>
      parseDockerLog(cutLog(text, streamBytes), stream, clean);
    files.set(log, formatSavedLog(mergeLogs(read("stdout", printed[2 * at]), read("stderr", printed[2 * at + 1]))));
    const { service, replica, name, state, exitCode } = container;
    return { service, replica, container: name, state, exitCode, log };
  });
  files.set("inspect.json", formatInspected(inspected, clean));
  const { project, parent } = session;
  const message = cleanText(error instanceof Error ? error.message : String(error), clean);
  const failure: SavedFailure = {
    ...{ project, parent: parent.id, savedAt: new Date().toISOString() },
    ...{ code: isOttoError(error) ? error.code : undefined, message, containers: saved },
  };
  files.set("failure.json", `${JSON.stringify(failure, undefined, 2)}\n`);
  const directory = directoryOf(root, session);
  await replaceDirectory(root, directory, files);
  await removeOld(root);
  return directory;
}

/** What was saved of the last `up` of a stack that failed; undefined: nothing, or it cannot be read. */
export async function readSavedFailure(root: string, location: StackPlace): Promise<FoundFailure | undefined> {
  const directory = directoryOf(root, location);
  try {
    const saved = JSON.parse(await readFile(join(directory, "failure.json"), "utf8")) as SavedFailure;
    return { ...saved, directory };
  } catch {
    return undefined;
  }
}

/** The saved log of a container. */
export async function readSavedLog({ directory }: FoundFailure, { log }: SavedContainer): Promise<SavedLogLine[]> {
  return parseSavedLog(await readFile(join(directory, log), "utf8"));
}

/** To be called when the stack is up: what was saved is no longer true of it. */
export async function removeSavedFailure(root: string, location: StackPlace): Promise<void> {
  await rm(directoryOf(root, location), { recursive: true, force: true });
}

export type StackPlace = {
  readonly project: string;
  readonly parent: { readonly id: string };
} & Partial<StackLocation>;

/** A parent's id may be a URL; a project's name is letters, digits, `-` and `_`. */
function directoryOf(root: string, { project, parent }: StackPlace): string {
  return join(root, `${project}@${encodeURIComponent(parent.id)}`);
}

/** Labels are anybody's: what is no name of a service must not lead out of the directory, or to another's log. */
function logName({ service, replica }: ObservedContainer, taken: ReadonlyMap<string, string>): string {
  const plain = `${service.replaceAll(/[^\w.-]/g, "_")}-${replica}`;
  return taken.has(`${plain}.log`) ? `${plain}-${taken.size}.log` : `${plain}.log`;
}

/** The end of each stream of a container. */
function logCommands(read: string, streamBytes: number): string[] {
  const cut = `tail -c ${streamBytes}`;
  return [`${read} 2>/dev/null | ${cut}`, `${read} 2>&1 >/dev/null | ${cut}`];
}

/** The values of variables are left out: they may be secrets that nothing declares as such. */
function formatInspected(text: string, redactor: Redactor): string {
  const clean = (value: unknown, key = ""): unknown => {
    if (typeof value === "string") return cleanText(value, redactor);
    if (Array.isArray(value)) return value.map((one) => (key === "Env" ? withoutValue(one) : clean(one)));
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, clean(one, name)]));
  };
  try {
    return `${JSON.stringify(clean(JSON.parse(text)), undefined, 2)}\n`;
  } catch {
    return "[]\n";
  }
}

function withoutValue(variable: unknown): string {
  return `${String(variable).split("=", 1)[0]}=[left out]`;
}

async function replaceDirectory(root: string, directory: string, files: ReadonlyMap<string, string>): Promise<void> {
  await mkdir(root, { recursive: true, mode: 0o700 });
  const next = await mkdtemp(join(root, ".new-"));
  try {
    for (const [name, text] of files) await writeFile(join(next, name), text, { mode: 0o600 });
    await rm(directory, { recursive: true, force: true });
    await rename(next, directory);
  } catch (error) {
    await rm(next, { recursive: true, force: true });
    throw error;
  }
}

/** What another process removes meanwhile is gone. */
async function removeOld(root: string): Promise<void> {
  const names = await readdir(root);
  const dated = await Promise.all(
    names.map(async (name) => ({
      name,
      time: await stat(join(root, name)).then(
        ({ mtimeMs }) => mtimeMs,
        () => 0,
      ),
    })),
  );
  const oldest = Date.now() - keptDays * 24 * 3600 * 1000;
  const sorted = dated.sort((a, b) => b.time - a.time);
  const old = sorted.filter(({ time }, at) => at >= keptCount || time < oldest);
  await Promise.all(old.map(({ name }) => rm(join(root, name), { recursive: true, force: true })));
}
