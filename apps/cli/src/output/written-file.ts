import { mkdir, writeFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import type { Session } from "../session.js";
import type { JsonRecord } from "./reporter.js";

export interface WrittenText {
  /** Where to: relative to the working directory; undefined or `-` for stdout. */
  readonly output: string | undefined;
  readonly text: string;
  /** What a program gets of a text on stdout. */
  readonly record: JsonRecord;
}

/** Puts a text where the user wants it. */
export async function writeText({ reporter, invocation, options }: Session, written: WrittenText): Promise<void> {
  const { output, text, record } = written;
  if (output === undefined || output === "-") return reporter.item(text.trimEnd(), record);
  const path = resolve(invocation.cwd, output);
  if (options.dryRun) return reporter.item(`would write ${output}`, { type: "step", do: "write", file: path });
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
  reporter.item(`wrote ${output}`, { type: "file", path, status: "created" });
}
