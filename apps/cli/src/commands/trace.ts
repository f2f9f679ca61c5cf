import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { OttoError } from "@otto/errors";
import { drawTrace, findCriticalPath, parseTrace, type TracePicture } from "@otto/pictures";
import { exitCodes } from "../exit-code.js";
import type { Outcome } from "../outcome.js";
import { writeText } from "../output/written-file.js";
import type { Session } from "../session.js";

export interface TraceFlags {
  readonly trace: string;
  readonly format?: TracePicture;
  readonly output?: string;
}

/** `otto trace`: with `--json` also the critical path. */
export async function trace(session: Session, { trace: file, format, output }: TraceFlags): Promise<Outcome> {
  const read = parseTrace(await readText(resolve(session.invocation.cwd, file), file));
  const chosen = format ?? (/\.html?$/i.test(output ?? "") ? "html" : "svg");
  const text = drawTrace(read, chosen);
  const path = findCriticalPath(read).map(({ span, startMs, endMs }) => ({
    name: span.name,
    durationMs: endMs - startMs,
  }));
  const [root] = read.spans;
  const record = {
    type: "trace",
    name: root.name,
    durationMs: root.endMs - root.startMs,
    facts: root.facts,
    path,
    format: chosen,
    text,
  };
  await writeText(session, { output, text, record });
  return { exitCode: exitCodes.done };
}

async function readText(path: string, shown: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    throw new OttoError("CLI_USAGE", `reading the trace ${shown}: ${(cause as Error).message}`, {
      hint: "Write one with --trace FILE: otto docker up --trace up.json",
      cause,
    });
  }
}
