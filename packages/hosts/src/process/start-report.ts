import { type Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { isRuntimeFailure } from "@otto/engine";
import { cleanText, OttoError } from "@otto/errors";
import { SentinelLines } from "./sentinel-lines.js";

/** What the script of a started command says between its output: lines with a sentinel. */
export interface StartReport {
  /** The stream without the sentinel lines. */
  readonly output: Readable;
  /** The first sentinel line; undefined when the stream ended without one. */
  readonly first: Promise<string | undefined>;
  /** Resolves at the stream's end: why the program could not be started, where a bare sentinel says so. */
  readonly refusal: Promise<string | undefined>;
}

const keptBytes = 1024;

/** Reads the sentinel lines of a stream. @param muted how many of them must have come before anything passes */
export function readStartReport(source: Readable, sentinel: string, muted = 0): StartReport {
  const lines = new SentinelLines(sentinel);
  let seen = 0;
  let isRefused = false;
  let kept: Buffer = Buffer.alloc(0);
  let tellFirst: (line: string | undefined) => void = () => {};
  const first = new Promise<string | undefined>((resolve) => {
    tellFirst = resolve;
  });
  const output = new Transform({
    transform(chunk: Buffer, _encoding, callback) {
      for (const piece of lines.push(chunk)) {
        if ("line" in piece) {
          seen += 1;
          isRefused = piece.line === "";
          tellFirst(piece.line);
        } else if (seen >= muted) {
          if (kept.length < keptBytes) kept = Buffer.concat([kept, piece.bytes]);
          this.push(piece.bytes);
        }
      }
      callback();
    },
    flush(callback) {
      callback(null, lines.flush());
    },
  });
  output.on("error", () => {});
  const refusal = pipeline(source, output).then(
    () => (isRefused ? cleanText(kept.subarray(0, keptBytes).toString()).trim() : undefined),
    () => undefined,
  );
  void refusal.then(() => tellFirst(undefined));
  return { output, first, refusal };
}

/** The error of a program that never ran; `name` is what was being done. */
export function notStarted(name: string, reason = "it could not be started"): OttoError {
  const details = { isRuntime: isRuntimeFailure(reason) };
  return new OttoError("HOST_COMMAND_NOT_STARTED", `${name}: ${reason}`, { details });
}
