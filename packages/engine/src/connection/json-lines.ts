import type { Readable } from "node:stream";
import { StringDecoder } from "node:string_decoder";
import { cleanText, type Json, OttoError } from "@otto/errors";

// The engine's longest lines are BuildKit traces of some 100 KB.
const maxLineLength = 16 * 1024 * 1024;

/**
 * Reads newline-separated JSON values.
 * @throws OttoError `ENGINE_STREAM_INVALID` for a line that is not JSON, or is over 16 MiB.
 */
export async function* readJsonLines(stream: Readable): AsyncGenerator<Json> {
  const decoder = new StringDecoder("utf8");
  let parts: string[] = [];
  let length = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    for (const [index, part] of decoder.write(chunk).split("\n").entries()) {
      if (index > 0) {
        yield* parseLine(parts.join(""));
        [parts, length] = [[], 0];
      }
      parts.push(part);
      length += part.length;
      if (length > maxLineLength) throw invalid("a line is longer than 16 MiB");
    }
  }
  yield* parseLine(parts.join("") + decoder.end());
}

function* parseLine(line: string): Generator<Json> {
  if (line.trim() === "") return;
  let value: Json;
  try {
    value = JSON.parse(line) as Json;
  } catch {
    throw invalid(`not JSON: ${cleanText(line.slice(0, 200))}`);
  }
  yield value;
}

function invalid(reason: string): OttoError {
  return new OttoError("ENGINE_STREAM_INVALID", `reading the engine's progress: ${reason}`);
}

/** A text field of one line, or undefined. */
export function textField(line: Json, key: string): string | undefined {
  if (typeof line !== "object" || line === null || Array.isArray(line)) return undefined;
  const value = (line as { readonly [key: string]: Json })[key];
  return typeof value === "string" ? value : undefined;
}
