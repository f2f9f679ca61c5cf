import { sep } from "node:path";
import { fileURLToPath } from "node:url";

/** A line of a source file, from 1. */
export interface SourceLine {
  readonly file: string;
  readonly line: number;
}

/** The words that say where a module that could not be loaded is wrong, and what is wrong with it. */
export interface ImportProblem {
  readonly reason: string;
  readonly at?: SourceLine;
  /** A module that is not there, and the one that asks for it. */
  readonly missing?: { readonly specifier: string; readonly file: string };
}

/**
 * Reads what the loader (jiti 2.7 on Node 20) throws: a module that is not found, a file that cannot be parsed, or what a
 * module threw itself. Node gives the first two as text only.
 * @param roots directories of the repository's own code
 */
export function readImportError(error: unknown, roots: readonly string[]): ImportProblem {
  const { message, stack = "" } = error instanceof Error ? error : new Error(String(error));
  const [first = ""] = message.split("\n");
  const specifier = /^Cannot find (?:module|package) '([^']+)'/.exec(first)?.[1];
  const asking = /^- (.+)$/m.exec(message)?.[1] ?? / imported from (.+)$/.exec(first)?.[1];
  if (specifier !== undefined && asking !== undefined) {
    return { reason: `cannot find ${specifier}`, missing: { specifier, file: asking } };
  }
  // Between the two there may be advice for users of Babel.
  const reason = /^ParseError: (.*)/.exec(first)?.[1];
  const [, file, line] = /^\s*(\S.*):(\d+):\d+\s*$/m.exec(message) ?? [];
  if (reason !== undefined && file !== undefined) {
    return { reason: reason.replace(/ \(\d+:\d+\):$/, "").trim(), at: { file, line: Number(line) } };
  }
  const at = firstFrame(stack, roots);
  return { reason: first, ...(at === undefined ? {} : { at }) };
}

/** The first line of the repository's own code in a stack trace. */
export function firstFrame(stack: string, roots: readonly string[]): SourceLine | undefined {
  for (const [, place = "", line] of stack.matchAll(/\(?((?:file:\/\/)?\/[^\n()]+?):(\d+):\d+\)?$/gm)) {
    const file = place.startsWith("file:") ? fileURLToPath(place) : place;
    const isOwn = roots.some((root) => file.startsWith(root + sep)) && !file.includes("/node_modules/");
    if (isOwn) return { file, line: Number(line) };
  }
  return undefined;
}

/** The line of a module that names another one. */
export function findSpecifier(source: string, specifier: string): number | undefined {
  const quoted = ['"', "'", "`"].map((quote) => `${quote}${specifier}${quote}`);
  const index = source.split("\n").findIndex((line) => quoted.some((word) => line.includes(word)));
  return index === -1 ? undefined : index + 1;
}
