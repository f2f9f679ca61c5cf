import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { createTraceRecorder, formatTrace, parseTrace, type TraceFormat, type TraceRecorder } from "@otto/pictures";
import type { Invocation } from "./invocation.js";

/** What `--trace` asks for. */
export interface TraceRequest {
  /** The words of the command. */
  readonly name: string;
  /** The file; undefined: nothing is recorded. */
  readonly trace?: string | undefined;
  readonly traceFormat?: TraceFormat | undefined;
}

/** The recording of a command. */
export interface Tracing {
  /** Hears events of the lab. */
  readonly onEvent: TraceRecorder["onEvent"];
  /** Adds what other processes recorded in a directory, which is then removed. */
  collect(directory: string): Promise<void>;
  /** Writes the trace, after all is closed. @returns the file, absolute */
  finish(exitCode: number): Promise<string>;
}

/** Starts to record; what happened since the process began, is loading. */
export function startTracing({
  invocation,
  request,
}: {
  invocation: Invocation;
  request: TraceRequest & { readonly trace: string };
}): Tracing {
  const file = resolve(invocation.cwd, request.trace);
  const format = request.traceFormat ?? (/\.chrome\.json$|\.trace$/.test(file) ? "chrome" : "otlp");
  const recorder = createTraceRecorder({ name: request.name, startMs: invocation.startedAt });
  return {
    onEvent: recorder.onEvent,
    collect: async (directory) => {
      const names = await readdir(directory).catch(() => []);
      for (const name of names) recorder.addTrace(parseTrace(await readFile(join(directory, name), "utf8")));
      await rm(directory, { recursive: true, force: true });
    },
    finish: async (exitCode) => {
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, formatTrace(recorder.finish({ exit_code: exitCode }), format), { mode: 0o600 });
      return file;
    },
  };
}
