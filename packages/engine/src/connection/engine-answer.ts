import type { Readable } from "node:stream";
import { isOttoError } from "@otto/errors";

const longestRefusalBytes = 64 << 10;

/** A refusal of the engine, as it is thrown by what sends messages. */
export class EngineRefusal extends Error {
  readonly status: number;
  /** The engine's own words. */
  readonly reason: string;

  constructor(status: number, body: Buffer) {
    super(`HTTP status ${status}`);
    this.status = status;
    this.reason = readReason(body) ?? this.message;
  }
}

function readReason(body: Buffer): string | undefined {
  const answer = readJson(body);
  if (answer === undefined) return body.length === 0 ? undefined : body.toString();
  return typeof answer === "object" && answer !== null && "message" in answer ? String(answer.message) : undefined;
}

/** Of a long answer the beginning. */
export async function readRefusal(status: number, answer: Readable): Promise<EngineRefusal> {
  return new EngineRefusal(status, (await readUpTo(answer, longestRefusalBytes)).bytes);
}

/** The beginning of a stream, which is destroyed where it is longer. */
export async function readUpTo(stream: Readable, limitBytes: number): Promise<{ bytes: Buffer; isCut: boolean }> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      size += chunk.length;
      if (size > limitBytes) break;
    }
  } catch (cause) {
    throw isOttoError(cause) ? cause : new Error("its answer was cut off", { cause });
  }
  return { bytes: Buffer.concat(chunks).subarray(0, limitBytes), isCut: size > limitBytes };
}

/** Undefined for what is none. */
export function readJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString());
  } catch {
    return undefined;
  }
}
