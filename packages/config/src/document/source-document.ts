import { extname } from "node:path";
import { describeFileError, OttoError, readBoundedFile } from "@otto/errors";
import { type Area, faultCodes } from "./fault-codes.js";
import { loadParser } from "./format.js";
import type { ParsedText } from "./parsed-text.js";
import { SyntaxProblem } from "./syntax-problem.js";

/** A file of ours, parsed and not yet validated. */
export interface SourceDocument extends ParsedText {
  readonly area: Area;
  readonly file: string;
  readonly bytes: Uint8Array;
}

/**
 * Reads and parses a TOML, YAML or JSON file by its extension. Windows line ends and a byte order mark are fine.
 *
 * @throws `<area>_FILE_MISSING`, `<area>_FILE_UNREADABLE` when it cannot be read or is not UTF-8, `<area>_SYNTAX`
 */
export async function readDocument(area: Area, file: string): Promise<SourceDocument> {
  return parseDocument(area, { file, bytes: await readBytes(area, file), extension: extname(file) });
}

/** What is to be parsed. */
export interface DocumentText {
  /** What messages call it. */
  readonly file: string;
  readonly bytes: Uint8Array;
  /** With its dot: `.yaml`. */
  readonly extension: string;
}

/** As {@link readDocument}, of bytes that have been read. */
export async function parseDocument(area: Area, { file, bytes, extension }: DocumentText): Promise<SourceDocument> {
  const text = decodeText(area, file, bytes);
  const parse = await loadParser(extension);
  if (!parse) {
    throw new OttoError(faultCodes[area].syntax, `reading ${file}: not a .toml, .yaml or .json file`);
  }
  try {
    return { area, file, bytes, ...parse(text, area === "CONFIG" ? "exact" : "plain") };
  } catch (error) {
    if (!(error instanceof SyntaxProblem)) throw error;
    throw new OttoError(faultCodes[area].syntax, `reading ${file}:${error.line}: ${error.reason}`, {
      hint: `Correct line ${error.line} of ${file}.`,
      details: { file, line: error.line },
    });
  }
}

async function readBytes(area: Area, file: string): Promise<Uint8Array> {
  try {
    return await readBoundedFile(file);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const missing = code === "ENOENT" || code === "ENOTDIR";
    throw new OttoError(
      faultCodes[area][missing ? "missing" : "unreadable"],
      `reading ${file}: ${describeFileError(cause)}`,
      { details: { file }, cause },
    );
  }
}

function decodeText(area: Area, file: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new OttoError(faultCodes[area].unreadable, `reading ${file}: not UTF-8 text`, {
      hint: "Save the file as UTF-8.",
      details: { file },
      cause,
    });
  }
}
