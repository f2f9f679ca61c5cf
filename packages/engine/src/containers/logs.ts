import type { Readable } from "node:stream";
import { OttoError } from "@otto/errors";
import type { EngineClient } from "../connection/engine-client.js";
import { asking } from "../connection/engine-error.js";
import { sendToEngine } from "../connection/engine-message.js";
import type { EngineRequest } from "../connection/engine-request.js";
import { decodeLog, type LogEntry } from "./log-entries.js";

export interface LogRange {
  /** Only entries of this time or later: seconds since 1970, with decimals if wanted. Default: all. */
  readonly since?: string | undefined;
  /** Only so many of the last entries. Default: all. */
  readonly tail?: number | undefined;
  /** Go on until the container stops. Default false. */
  readonly follow?: boolean | undefined;
}

/**
 * Reads a container's log in the order in which the engine kept it. It ends with the container's run when it follows.
 * @throws OttoError `ENGINE_REQUEST_FAILED`, `ENGINE_STREAM_LOST`, `ENGINE_STREAM_INVALID`
 */
export async function* readLog(
  client: EngineClient,
  { container, range }: { container: { id: string; tty: boolean }; range: LogRange },
  request: EngineRequest,
): AsyncGenerator<LogEntry> {
  const source = await asking(request, `reading the log of ${container.id.slice(0, 12)}`, () =>
    openLog(client, container.id, { range, request }),
  );
  try {
    yield* decodeLog(untilLost(source, request), container);
  } finally {
    source.destroy();
  }
}

interface Opening {
  readonly range: LogRange;
  readonly request: EngineRequest;
}

function openLog(client: EngineClient, id: string, { range, request }: Opening): Promise<Readable> {
  const { since, tail, follow = false } = range;
  const query = { stdout: true, stderr: true, timestamps: true, follow, since, tail };
  return sendToEngine(client, { method: "GET", path: `/containers/${encodeURIComponent(id)}/logs`, query }, request);
}

async function* untilLost(source: Readable, { engine, abort }: EngineRequest): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of source as AsyncIterable<Buffer>) yield chunk;
  } catch (cause) {
    abort.abortSignal?.throwIfAborted();
    throw new OttoError("ENGINE_STREAM_LOST", `reading a log on ${engine}: the connection was lost`, { cause });
  }
}
