import type { IncomingHttpHeaders } from "node:http";
import type { Readable } from "node:stream";
import { EngineRefusal } from "../connection/engine-answer.js";
import type { EngineClient } from "../connection/engine-client.js";
import { callEngine, hasStatus } from "../connection/engine-error.js";
import { describeContainer } from "./containers.js";

/** A path in a container. */
export interface ContainerPath {
  /** Id or name. */
  readonly container: string;
  /** Absolute. */
  readonly path: string;
  /** What messages call the container. Default: its name as given, or the start of its id. */
  readonly containerName?: string | undefined;
}

/** What lies at a path in a container; a link is not followed. */
export interface PathStat {
  readonly kind: "file" | "directory" | "symlink" | "other";
  readonly sizeBytes: number;
  /** Of a link: where it leads in the container, through all further links; "" otherwise. */
  readonly linkTarget: string;
}

interface EngineStat {
  readonly mode: number;
  readonly size: number;
  readonly linkTarget: string;
}

// Go's bits of a file mode.
const goDirectory = 0x8000_0000;
const goSymlink = 0x0800_0000;
const goOtherKinds = 0x0728_0000;

/** @returns undefined when nothing is there, or the path leads through a file or in a circle */
export async function statPath(
  client: EngineClient,
  target: ContainerPath,
  signal: AbortSignal | undefined,
): Promise<PathStat | undefined> {
  return callEngine(client, { doing: `looking for ${describePath(target)}`, signal }, async () => {
    try {
      return statOf(await client.tell({ method: "HEAD", ...archiveAt(target) }, signal));
    } catch (error) {
      if (hasStatus(error, 404)) return undefined;
      // An answer to HEAD has no body, and so no reason.
      if (hasStatus(error, 500)) return statByReading(client, target, signal);
      throw error;
    }
  });
}

async function statByReading(client: EngineClient, target: ContainerPath, signal: AbortSignal | undefined) {
  try {
    const answer = await client.stream({ method: "GET", ...archiveAt(target) }, signal);
    answer.destroy();
    return statOf(answer.headers);
  } catch (error) {
    if (hasStatus(error, 404) || leadsNowhere(error)) return undefined;
    throw error;
  }
}

/**
 * Whether a path has a file or a circle of links on its way: dockerd 26 answers 500 with
 * `lstat /file/x: not a directory`, `lstat /loop/x: too many levels of symbolic links` or
 * `evalSymlinksInScope: too many links in /loop`.
 */
function leadsNowhere(error: unknown): boolean {
  if (!(error instanceof EngineRefusal)) return false;
  return /: (not a directory|too many levels of symbolic links)$|^evalSymlinksInScope: too many links in /.test(
    error.reason,
  );
}

/**
 * A tar stream of a path: a directory with all that is in it. The caller reads it to its end, or destroys it. A
 * connection that is lost may end it early: a whole one ends with two blocks of zeros.
 */
export async function readArchive(
  client: EngineClient,
  target: ContainerPath,
  signal: AbortSignal | undefined,
): Promise<Readable> {
  return callEngine(client, { doing: `reading ${describePath(target)}`, signal }, () =>
    client.download(archiveAt(target), signal),
  );
}

/** Unpacks a tar stream in a directory of the container. What is there under an entry's name is replaced in place. */
export async function writeArchive(
  client: EngineClient,
  target: ContainerPath,
  tar: Readable,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { path, query } = archiveAt(target);
  const message = {
    method: "PUT",
    path,
    query: { ...query, noOverwriteDirNonDir: true },
    headers: { "Content-Type": "application/x-tar" },
    body: tar,
  } as const;
  await callEngine(client, { doing: `writing to ${describePath(target)}`, signal }, () => client.tell(message, signal));
}

function describePath(target: ContainerPath): string {
  return `${target.path} in ${describeContainer(target)}`;
}

function archiveAt({ container, path }: ContainerPath) {
  return { path: `/containers/${encodeURIComponent(container)}/archive`, query: { path } };
}

function statOf(headers: IncomingHttpHeaders): PathStat {
  const header = String(headers["x-docker-container-path-stat"]);
  const { mode, size, linkTarget } = JSON.parse(Buffer.from(header, "base64").toString()) as EngineStat;
  return { kind: kindOf(mode), sizeBytes: size, linkTarget };
}

function kindOf(mode: number): PathStat["kind"] {
  if ((mode & goDirectory) !== 0) return "directory";
  if ((mode & goSymlink) !== 0) return "symlink";
  return (mode & goOtherKinds) === 0 ? "file" : "other";
}
