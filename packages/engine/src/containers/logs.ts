import type { Readable } from "node:stream";
import { OttoError } from "@otto/errors";
import type { EngineClient } from "../connection/engine-client.js";
import { callEngine } from "../connection/engine-error.js";
import { decodeLog, type LogEntry } from "./log-entries.js";

export interface LogRange {
  /** Only entries of this time or later: seconds since 1970, with decimals if wanted. Default: all. */
  readonly since?: string | undefined;
  /** Only entries of this time or earlier, in the same form. Default: all. */
  readonly until?: string | undefined;
  /** Only so many of the last entries. Default: all. */
  readonly tail?: number | undefined;
  /** Go on until the container stops. Default false. */
  readonly follow?: boolean | undefined;
}

/**
 * Reads a container's log in the order in which the engine kept it, as many entries at a time as have come. It ends with the container's run when it follows.
 * @throws OttoError `ENGINE_REQUEST_FAILED`, `ENGINE_STREAM_LOST`, `ENGINE_STREAM_INVALID`
 */
export async function* readLog(
  client: EngineClient,
  { container, range }: { container: { id: string; tty: boolean }; range: LogRange },
  signal: AbortSignal | undefined,
): AsyncGenerator<readonly LogEntry[]> {
  const { since, until, tail, follow = false } = range;
  const query = { stdout: true, stderr: true, timestamps: true, follow, since, until, tail };
  const message = { method: "GET", path: `/containers/${encodeURIComponent(container.id)}/logs`, query } as const;
  const call = { doing: `reading the log of ${container.id.slice(0, 12)}`, signal };
  const source = await callEngine(client, call, () => client.stream(message, signal));
  try {
    yield* decodeLog(untilLost(source, client.name, signal), container);
  } finally {
    source.destroy();
  }
}

async function* untilLost(source: Readable, engine: string, signal: AbortSignal | undefined): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of source as AsyncIterable<Buffer>) yield chunk;
  } catch (cause) {
    signal?.throwIfAborted();
    throw new OttoError("ENGINE_STREAM_LOST", `reading a log on ${engine}: the connection was lost`, { cause });
  }
}
