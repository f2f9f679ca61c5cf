import type { Readable } from "node:stream";
import { OttoError } from "@otto/errors";
import type { EngineRequest } from "./engine-request.js";

/**
 * What an answer of the engine brings, chunk by chunk.
 * @param doing what it is read for, as in "reading a log"
 * @throws OttoError `ENGINE_STREAM_LOST` when the connection ends before the answer; after an abort its reason is thrown
 */
export async function* untilLost(
  source: Readable,
  doing: string,
  { engine, abort }: EngineRequest,
): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of source as AsyncIterable<Buffer>) yield chunk;
  } catch (cause) {
    abort.abortSignal?.throwIfAborted();
    throw new OttoError("ENGINE_STREAM_LOST", `${doing} on ${engine}: the connection was lost`, { cause });
  }
}
