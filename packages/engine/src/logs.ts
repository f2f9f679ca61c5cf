import type { Readable } from "node:stream";
import { OttoError } from "@otto/errors";
import type Docker from "dockerode";
import { asking } from "./engine-error.js";
import type { EngineRequest } from "./engine-request.js";
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
  docker: Docker,
  { container, range }: { container: { id: string; tty: boolean }; range: LogRange },
  request: EngineRequest,
): AsyncGenerator<LogEntry> {
  const source = await asking(request, `reading the log of ${container.id.slice(0, 12)}`, () =>
    openLog(docker, container.id, { range, request }),
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

/** Not by `Container.logs`, which gathers all of a log that it does not follow. */
function openLog(docker: Docker, id: string, { range, request }: Opening): Promise<Readable> {
  const { since, tail, follow = false } = range;
  const options = {
    path: `/containers/${id}/logs?`,
    method: "GET",
    isStream: true,
    statusCodes: { 200: true, 404: "no such container" },
    options: {
      ...{ stdout: true, stderr: true, timestamps: true, follow },
      ...(since !== undefined && { since }),
      ...(tail !== undefined && { tail }),
    },
    ...request.abort,
  };
  const modem = docker.modem as { dial(options: object, done: (error: Error | null, stream: Readable) => void): void };
  return new Promise((resolve, reject) => {
    modem.dial(options, (error, stream) => (error ? reject(error) : resolve(stream)));
  });
}

async function* untilLost(source: Readable, { engine, abort }: EngineRequest): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of source as AsyncIterable<Buffer>) yield chunk;
  } catch (cause) {
    abort.abortSignal?.throwIfAborted();
    throw new OttoError("ENGINE_STREAM_LOST", `reading a log on ${engine}: the connection was lost`, { cause });
  }
}
