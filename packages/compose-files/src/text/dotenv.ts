import {
  escapeDollars,
  formatTemplate,
  interpolate,
  type Lookup,
  parseTemplate,
  type Template,
  TemplateError,
  variableNames,
} from "./template.js";

/** One statement of a file of variables. */
export interface DotenvEntry {
  readonly name: string;
  /** `undefined`: a bare name, whose value is that of the environment. */
  readonly value: Template | undefined;
  readonly line: number;
  /** Where the value stands in the text, quotes included; empty, behind the name, for a bare name. */
  readonly range: readonly [number, number];
}

export interface Dotenv {
  /** Without byte order mark and carriage returns. */
  readonly text: string;
  readonly entries: readonly DotenvEntry[];
}

/** Thrown inside the package: the caller knows which file it is. */
export class DotenvError extends Error {
  readonly line: number;
  readonly variable: string | undefined;

  constructor(message: string, line: number, variable?: string) {
    super(message);
    this.line = line;
    this.variable = variable;
  }
}

const statement = /(?:export[^\S\n]+)?([\p{L}\p{N}_.\-[\]]*)[^\S\n]*(?:([=:])[^\S\n]*|(?=\n|$))/uy;

/**
 * Parses a file of variables as Compose does. `raw` takes values as they are, without quotes and variables.
 *
 * @throws DotenvError for what Compose refuses.
 * @see https://docs.docker.com/compose/how-tos/environment-variables/variable-interpolation/#env-file-syntax
 */
export function parseDotenv(source: string, format: "dotenv" | "raw" = "dotenv"): Dotenv {
  const text = source.replace(/^\uFEFF/, "").replaceAll("\r\n", "\n");
  const entries: DotenvEntry[] = [];
  let position = skipBlank(text, 0);
  while (position < text.length) {
    const [entry, end] = parseStatement(text, position, format);
    entries.push(entry);
    position = skipBlank(text, end);
  }
  return { text, entries };
}

function skipBlank(text: string, from: number): number {
  const blank = /(?:\s|#[^\n]*)*/y;
  blank.lastIndex = from;
  blank.exec(text);
  return blank.lastIndex;
}

function parseStatement(text: string, start: number, format: "dotenv" | "raw"): [DotenvEntry, number] {
  const line = lineAt(text, start);
  statement.lastIndex = start;
  const match = statement.exec(text);
  if (match === null) throw new DotenvError(`unexpected character in a variable name`, line);
  const [all, name = "", separator] = match;
  const valueStart = start + all.length;
  if (separator === undefined) {
    const end = start + all.trimEnd().length;
    return [{ name, value: undefined, line, range: [end, end] }, valueStart];
  }
  const { value, end } = parseValue(text, valueStart, line, format);
  return [{ name, value, line, range: [valueStart, end] }, end];
}

function parseValue(text: string, start: number, line: number, format: string): { value: Template; end: number } {
  const lineEnd = endOfLine(text, start);
  if (format === "raw") return { value: [text.slice(start, lineEnd)], end: lineEnd };
  const quote = text[start];
  if (quote === '"' || quote === "'") return parseQuoted(text, start, quote, line);
  const bare = text.slice(start, lineEnd).split(" #", 1)[0] ?? "";
  return { value: templateOf(bare.trimEnd(), line), end: lineEnd };
}

function parseQuoted(text: string, start: number, quote: string, line: number): { value: Template; end: number } {
  const quoted = quote === '"' ? /"((?:[^"\\]|\\.)*)"/sy : /'((?:[^'\\]|\\.)*)'/sy;
  quoted.lastIndex = start;
  const inner = quoted.exec(text)?.[1];
  if (inner === undefined) throw new DotenvError("unterminated quoted value", line);
  const content = inner.replaceAll(`\\${quote}`, quote);
  const value = quote === '"' ? templateOf(expandEscapes(content), line) : [content];
  return { value, end: quoted.lastIndex };
}

const escapes: Readonly<Record<string, string>> = {
  a: "\u0007",
  b: "\b",
  c: "\\c",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
  $: "$$",
  '"': '"',
  "\\": "\\",
};

function expandEscapes(text: string): string {
  return text.replace(/\\(?:([abcfnrtv$"\\])|0(\d{0,3}))/g, (all, letter?: string, octal = "") => {
    if (letter !== undefined) return escapes[letter] ?? all;
    // Compose takes the 0 away before it sees that these are no three octal digits (2.26).
    return /^[0-3][0-7]{2}$/.test(octal) ? String.fromCharCode(Number.parseInt(octal, 8)) : `\\${octal}`;
  });
}

function templateOf(text: string, line: number): Template {
  return atLine(line, () => parseTemplate(text));
}

function atLine<T>(line: number, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof TemplateError) throw new DotenvError(error.message, line, error.variable);
    throw error;
  }
}

function endOfLine(text: string, from: number): number {
  const end = text.indexOf("\n", from);
  return end < 0 ? text.length : end;
}

function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split("\n").length;
}

/**
 * The variables' values. What `lookup` knows wins inside values, as it does in Compose.
 *
 * @throws DotenvError where a required variable has no value.
 */
export function evaluateDotenv(dotenv: Dotenv, lookup: Lookup): Map<string, string> {
  const values = new Map<string, string>();
  const known: Lookup = (name) => lookup(name) ?? values.get(name);
  for (const { name, value, line } of dotenv.entries) {
    const text = value === undefined ? lookup(name) : atLine(line, () => interpolate(value, known).value);
    if (text !== undefined) values.set(name, text);
  }
  return values;
}

/** The variables that the file's values are made of. */
export function dotenvVariables(dotenv: Dotenv): string[] {
  return dotenv.entries.flatMap(entryVariables);
}

export function entryVariables({ name, value }: DotenvEntry): string[] {
  return value === undefined ? [name] : variableNames(value);
}

export interface DotenvFixing {
  readonly lookup: Lookup;
  /** Whether a variable is to be written out. */
  readonly isFixed: (name: string) => boolean;
  /** Whether the value of an entry matters; one that does not becomes empty where it would have been written out. */
  readonly isWanted: (name: string) => boolean;
}

/**
 * The file's text, with some variables written out.
 *
 * @throws DotenvError where a required variable has no value.
 */
export function fixDotenv(dotenv: Dotenv, fixing: DotenvFixing): string {
  const values = evaluateDotenv(dotenv, fixing.lookup);
  const known: Lookup = (name) => fixing.lookup(name) ?? values.get(name);
  let fixed = "";
  let position = 0;
  for (const entry of dotenv.entries) {
    const text = fixedStatement(entry, { ...fixing, lookup: known });
    if (text === undefined) continue;
    fixed += dotenv.text.slice(position, entry.range[0]) + text;
    position = entry.range[1];
  }
  return fixed + dotenv.text.slice(position);
}

function fixedStatement({ name, value }: DotenvEntry, { lookup, isFixed, isWanted }: DotenvFixing) {
  if (value === undefined) return isFixed(name) ? fixedValue(lookup(name)) : undefined;
  if (!variableNames(value).some(isFixed)) return undefined;
  return isWanted(name) ? quoteDotenv(formatTemplate(value, lookup, isFixed)) : '""';
}

/** Follows a bare name to make one that is set nowhere: Compose would take the parent's value of the name itself. */
const notSetSuffix = "_NOT_SET_FOR_OTTO";

function fixedValue(value: string | undefined): string {
  return value === undefined ? notSetSuffix : `=${quoteDotenv(escapeDollars(value))}`;
}

function quoteDotenv(template: string): string {
  return `"${template.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}
