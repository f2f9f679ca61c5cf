import type { Readable } from "node:stream";
import type { EngineClient } from "./engine-client.js";
import { downloadFromEngine } from "./engine-download.js";
import { asking, hasStatus } from "./engine-error.js";
import { type EngineMessage, formatQuery, tellEngine } from "./engine-message.js";
import type { EngineRequest } from "./engine-request.js";

/** A path in a container. */
export interface ContainerPath {
  /** Id or name. */
  readonly container: string;
  /** Absolute. */
  readonly path: string;
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

/** @returns undefined when nothing is there */
export async function statPath(
  client: EngineClient,
  target: ContainerPath,
  request: EngineRequest,
): Promise<PathStat | undefined> {
  return asking(request, `looking for ${target.path} in ${target.container}`, async () => {
    try {
      const answer = await tellEngine(client, { method: "HEAD", ...archiveAt(target) }, request);
      return readStat(String(answer.headers["x-docker-container-path-stat"]));
    } catch (error) {
      if (hasStatus(error, 404)) return undefined;
      throw error;
    }
  });
}

/**
 * A tar stream of a path: a directory with all that is in it. The caller reads it to its end, or destroys it. A
 * connection that is lost may end it early: a whole one ends with two blocks of zeros.
 */
export async function readArchive(
  client: EngineClient,
  target: ContainerPath,
  request: EngineRequest,
): Promise<Readable> {
  const { path, query } = archiveAt(target);
  return asking(request, `reading ${target.path} in ${target.container}`, () =>
    downloadFromEngine(client, `${path}${formatQuery(query)}`, request),
  );
}

/** Unpacks a tar stream in a directory of the container. What is there under an entry's name is replaced in place. */
export async function writeArchive(
  client: EngineClient,
  target: ContainerPath,
  tar: Readable,
  request: EngineRequest,
): Promise<void> {
  const { path, query } = archiveAt(target);
  const message: EngineMessage = {
    method: "PUT",
    path,
    query: { ...query, noOverwriteDirNonDir: true },
    headers: { "Content-Type": "application/x-tar" },
    body: tar,
  };
  await asking(request, `writing to ${target.path} in ${target.container}`, () => tellEngine(client, message, request));
}

function archiveAt({ container, path }: ContainerPath) {
  return { path: `/containers/${encodeURIComponent(container)}/archive`, query: { path } };
}

function readStat(header: string): PathStat {
  const { mode, size, linkTarget } = JSON.parse(Buffer.from(header, "base64").toString()) as EngineStat;
  return { kind: kindOf(mode), sizeBytes: size, linkTarget };
}

function kindOf(mode: number): PathStat["kind"] {
  if ((mode & goDirectory) !== 0) return "directory";
  if ((mode & goSymlink) !== 0) return "symlink";
  return (mode & goOtherKinds) === 0 ? "file" : "other";
}
