import { type Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { isRuntimeFailure } from "@otto/engine";
import { cleanText, OttoError } from "@otto/errors";
import { createSentinel, SentinelLines } from "./sentinel-lines.js";

/** What the script of a started command says between its output: lines with a sentinel. */
export interface StartReport {
  /** The stream without the sentinel lines. */
  readonly output: Readable;
  /** The first sentinel line; undefined when the stream ended without one. */
  readonly first: Promise<string | undefined>;
  /** Resolves at the stream's end: why the program could not be started, where a bare sentinel says so. */
  readonly refusal: Promise<string | undefined>;
  /** Resolves at the stream's end: the exit code, where `<sentinel> exit <code>` says it. */
  readonly exitCode: Promise<number | undefined>;
}

export interface StartReportOptions {
  /** How many sentinel lines must have come before anything passes. Default 0. */
  readonly muted?: number;
  /** Called with what stands behind each sentinel. */
  readonly onLine?: (line: string) => void;
  /** Called when the script says {@link wantedSentinel}: it waits for a line with a sentinel then. */
  readonly onWanted?: () => void;
}

const keptBytes = 1024;
const nothing = Buffer.alloc(0);

/** Whatever says more before its sentinel is not our script: it has none then, and all of it is output. */
const longestAheadBytes = 64 * 1024;

/** Reads the sentinel lines of a stream. @param sentinel undefined: the first of them is behind {@link sentinelAhead} */
export function readStartReport(
  source: Readable,
  sentinel: string | undefined,
  { muted = 0, onLine = () => {}, onWanted = () => {} }: StartReportOptions = {},
): StartReport {
  let lines = sentinel === undefined ? undefined : new SentinelLines(sentinel);
  let ahead: Buffer = Buffer.alloc(0);
  let seen = 0;
  let isRefused = false;
  let exitCode: number | undefined;
  let kept: Buffer = Buffer.alloc(0);
  let tellFirst: (line: string | undefined) => void = () => {};
  const first = new Promise<string | undefined>((resolve) => {
    tellFirst = resolve;
  });
  const heed = (line: string) => {
    seen += 1;
    const told = parseExit(line);
    if (told === undefined) isRefused = line === "";
    else exitCode = told;
    tellFirst(line);
    onLine(line);
  };
  /** Looks for the sentinel; nothing is passed on before it has come. */
  const begin = (chunk: Buffer): Pick<FoundSentinel, "before" | "rest"> => {
    ahead = Buffer.concat([ahead, chunk]);
    let found = findSentinel(ahead);
    if (found?.sentinel === wantedSentinel) {
      onWanted();
      ahead = Buffer.concat([found.before, found.rest.subarray(wantedSentinel.length + 1)]);
      found = findSentinel(ahead);
    }
    if (found === undefined && ahead.length <= longestAheadBytes) return { before: nothing, rest: nothing };
    lines = new SentinelLines(found?.sentinel ?? createSentinel());
    const all = ahead;
    // It lives as long as the process.
    ahead = nothing;
    return found ?? { before: nothing, rest: all };
  };
  const output = new Transform({
    transform(chunk: Buffer, _encoding, callback) {
      const { before, rest } = lines === undefined ? begin(chunk) : { before: nothing, rest: chunk };
      if (before.length > 0) this.push(before);
      for (const piece of lines?.push(rest) ?? []) {
        if ("line" in piece) heed(piece.line);
        else if (seen >= muted) {
          if (kept.length < keptBytes) kept = Buffer.concat([kept, piece.bytes]);
          this.push(piece.bytes);
        }
      }
      callback();
    },
    flush(callback) {
      callback(null, lines === undefined ? ahead : lines.flush());
    },
  });
  output.on("error", () => {});
  const refusal = pipeline(source, output).then(
    () => (isRefused ? cleanText(kept.subarray(0, keptBytes).toString()).trim() : undefined),
    () => undefined,
  );
  void refusal.then(() => tellFirst(undefined));
  return { output, first, refusal, exitCode: refusal.then(() => exitCode) };
}

/** What a script says before the sentinel that it has made; nothing of the command has run by then. */
export const sentinelAhead = "otto-sentinel";

/** Takes the place of a sentinel that it could not make. */
export const wantedSentinel = "?";

interface FoundSentinel {
  readonly sentinel: string;
  /** What a shell said of itself when it started. */
  readonly before: Buffer;
  /** The sentinel's own line, as the others of it are, and what follows. */
  readonly rest: Buffer;
}

function findSentinel(bytes: Buffer): FoundSentinel | undefined {
  const at = bytes.indexOf(`${sentinelAhead} `);
  const from = at + sentinelAhead.length + 1;
  const to = at === -1 ? -1 : bytes.indexOf(" ", from);
  if (to === -1) return undefined;
  return { sentinel: bytes.toString("latin1", from, to), before: bytes.subarray(0, at), rest: bytes.subarray(from) };
}

function parseExit(line: string): number | undefined {
  const [, code] = /^exit (\d{1,3})$/.exec(line) ?? [];
  return code === undefined ? undefined : Number(code);
}

/** The error of a program that never ran; `name` is what was being done. */
export function notStarted(name: string, reason = "it could not be started"): OttoError {
  const details = { isRuntime: isRuntimeFailure(reason) };
  return new OttoError("HOST_COMMAND_NOT_STARTED", `${name}: ${reason}`, { details });
}
