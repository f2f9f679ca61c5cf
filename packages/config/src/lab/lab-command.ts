import { OttoError, quoteCommand } from "@otto/errors";
import type { LocalCommands } from "../command/local-commands.js";
import { parseDocument } from "../document/source-document.js";
import type { LabOrigin } from "./lab-data.js";
import { type LabFile, toLabFile, withOrigin } from "./lab-file.js";
import { type LabReading, pathsIn, readOrigin } from "./lab-origin.js";

/** The commands of the lab sources of one settings file. */
export interface LabCommands {
  readonly settingsFile: string;
  /** Absolute path of the repo's root, where they run. */
  readonly root: string;
  readonly commands: readonly (readonly string[])[];
}

/** The settings as what a user trusts: its commands for labs, and those files of the clone that they name. */
export function readCommandsOrigin(
  { settingsFile, root, commands }: LabCommands,
  reading: LabReading,
): Promise<LabOrigin | undefined> {
  const bytes = Buffer.from(JSON.stringify(commands));
  const files = [...new Set(commands.flatMap((argv) => pathsIn(argv, root)))].toSorted();
  return readOrigin(settingsFile, { bytes, files }, reading);
}

/** What a lab is printed by. */
export interface LabPrinter extends Omit<LabCommands, "commands"> {
  readonly command: readonly string[];
  readonly origin: LabOrigin | undefined;
  readonly home: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal | undefined;
}

/** Bytes. */
const largestLab = 16 << 20;

/**
 * Runs a command and reads what it prints as a lab file, JSON or YAML.
 *
 * @throws `LAB_COMMAND_FAILED`, `LAB_SYNTAX`, `LAB_INVALID`
 */
export async function readPrintedLab(printer: LabPrinter, runner: LocalCommands): Promise<LabFile> {
  const { command: argv, root: directory, settingsFile, origin, home, env, signal } = printer;
  const failure = (why: string, line: string) =>
    new OttoError("LAB_COMMAND_FAILED", `reading the lab that ${line} prints: ${why}`, {
      hint: `Run the command yourself in ${directory}: it has to print a lab file. Or correct lab.sources in ${settingsFile}.`,
      details: { command: line, file: settingsFile },
    });
  const text = (await runner.read({ argv, directory, env, maxBytes: largestLab, failure }, signal)).reveal();
  const isJson = text.trimStart().startsWith("{");
  const document = await parseDocument("LAB", {
    file: `the output of ${quoteCommand(argv)}`,
    bytes: Buffer.from(text),
    extension: isJson ? ".json" : ".yaml",
  });
  return withOrigin(toLabFile(document, { source: settingsFile, directory, home }), origin);
}
