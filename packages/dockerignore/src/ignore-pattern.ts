import { OttoError } from "@otto/errors";
import { RE2JS, RE2JSException } from "re2js";
import { isGlob } from "./glob-syntax.js";
import { cleanPath, trimSpace } from "./go-text.js";

/** One rule of an ignore file. */
export interface IgnorePattern {
  /** Without the `!`. */
  readonly text: string;
  readonly negated: boolean;
  /** `printable` is `path` with U+FFFD for each lone surrogate. */
  matches(path: string, printable: string): boolean;
}

type Matches = IgnorePattern["matches"];

// The reference means to escape `|`, `{` and `}` too, but its table is too small for them (moby/patternmatcher 0.6).
const escapedByReference = new Set(".+()$");

/**
 * Compiles the patterns of an ignore file.
 *
 * @throws IGNORE_PATTERN_INVALID as the reference does; for what only its regular expressions refuse, from `matches`
 */
export function compileIgnorePatterns(patterns: readonly string[]): IgnorePattern[] {
  return patterns
    .map(trimSpace)
    .filter((pattern) => pattern !== "")
    .map(compilePattern);
}

function compilePattern(pattern: string): IgnorePattern {
  const cleaned = cleanPath(pattern);
  const negated = cleaned.startsWith("!");
  const text = negated ? cleaned.slice(1) : cleaned;
  if (text === "") throw invalidPattern(pattern, 'illegal exclusion pattern: "!"');
  if (!isGlob(text)) throw invalidPattern(pattern, "syntax error in pattern");
  // Compiled when first asked: the reference says nothing about a bad expression that no path reaches.
  let matches: Matches | undefined;
  return {
    text,
    negated,
    matches(path, printable) {
      matches ??= compileMatch(text);
      return matches(path, printable);
    },
  };
}

function compileMatch(text: string): Matches {
  const { type, source } = describePattern(text);
  if (type === "exact") return (path) => path === text;
  if (type === "prefix") {
    const prefix = text.slice(0, -2);
    return (path) => path.startsWith(prefix);
  }
  if (type === "suffix") {
    const suffix = text.slice(2);
    const name = suffix.startsWith("/") ? suffix.slice(1) : undefined;
    return (path) => path.endsWith(suffix) || path === name;
  }
  const expression = compileExpression(text, source);
  return (_path, printable) => expression.test(printable);
}

function compileExpression(text: string, source: string): RE2JS {
  try {
    return RE2JS.compile(source);
  } catch (error) {
    if (error instanceof RE2JSException) throw invalidPattern(text, "syntax error in pattern", error);
    throw error;
  }
}

/** What the reference makes of a pattern: a plain comparison, or the source of a regular expression for Go. */
function describePattern(text: string): { type: "exact" | "prefix" | "suffix" | "regexp"; source: string } {
  let type: "exact" | "prefix" | "suffix" | "regexp" = "exact";
  let source = "^";
  // Go's text/scanner drops a leading byte order mark.
  const characters = Array.from(text.replace(/^\ufeff/, ""));
  for (let at = 0; at < characters.length; at++) {
    const character = characters[at] ?? "";
    if (character === "*" && characters[at + 1] === "*") {
      const first = at === 0;
      at += characters[at + 2] === "/" ? 2 : 1;
      const last = at + 1 === characters.length;
      source += last ? ".*" : "(.*/)?";
      if (first) type = "suffix";
      else type = last && type === "exact" ? "prefix" : "regexp";
      continue;
    }
    if (character === "\\") source += `\\${characters[++at] ?? ""}`;
    else source += expressionOf(character);
    if ("*?[]\\".includes(character)) type = "regexp";
  }
  return { type, source: `${source}$` };
}

function expressionOf(character: string): string {
  if (character === "*") return "[^/]*";
  if (character === "?") return "[^/]";
  return escapedByReference.has(character) ? `\\${character}` : character;
}

function invalidPattern(pattern: string, reason: string, cause?: unknown): OttoError {
  return new OttoError("IGNORE_PATTERN_INVALID", `the ignore pattern ${JSON.stringify(pattern)}: ${reason}`, {
    hint: "Correct the pattern: Docker refuses it too.",
    details: { pattern },
    cause,
  });
}
