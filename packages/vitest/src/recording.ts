import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createTraceRecorder, formatTrace, type TraceRecorder } from "@otto/pictures";

// The only thing that `otto test` and the workers of any pool share is the environment.
const variable = "OTTO_TRACE_DIR";

/** What a worker does with a stack, for the trace of the whole run. */
export interface Recording {
  readonly onEvent: TraceRecorder["onEvent"];
  /** Writes it, once the lab is closed. */
  write(): Promise<void>;
}

let written = 0;

/** Undefined without `--trace`. */
export function startRecording(name: string): Recording | undefined {
  const directory = process.env[variable];
  if (directory === undefined || directory === "") return undefined;
  const recorder = createTraceRecorder({ name });
  return {
    onEvent: recorder.onEvent,
    write: async () => {
      await mkdir(directory, { recursive: true });
      // One worker may open several stacks.
      const file = join(directory, `${process.pid}-${++written}.json`);
      await writeFile(file, formatTrace(recorder.finish(), "otlp"), { mode: 0o600 });
    },
  };
}
