/** What a variable holds: a text, nothing (`undefined`), or something that only the engine knows. */
export type VariableValue = string | undefined | typeof notKnown;

export const notKnown: unique symbol = Symbol("not known");

export interface WordScope {
  /** The character that takes the next one's meaning away. */
  readonly escapeCharacter: string;
  valueOf(name: string): VariableValue;
}

/** A word with its variables and quotes taken away. */
export interface ExpandedWord {
  readonly text: string;
  /** What stands in the way of knowing the text, as the Dockerfile writes it: `$NAME`, or a substitution of another kind. */
  readonly unknown: string | undefined;
}

/** Longer than any path or image reference. Without this limit, ARGs that double each other would exhaust memory. */
const longestText = 4096;

/**
 * Expands a word of an instruction as BuildKit does.
 * @see https://github.com/moby/buildkit frontend/dockerfile/shell/lex.go
 */
export function expandWord(word: string, scope: WordScope): ExpandedWord {
  const reader: Reader = { characters: Array.from(word), at: 0, scope, unknown: undefined };
  const text = readUntil(reader, undefined);
  return { text, unknown: reader.unknown };
}

interface Reader {
  readonly characters: readonly string[];
  at: number;
  readonly scope: WordScope;
  unknown: string | undefined;
}

function readUntil(reader: Reader, end: "}" | undefined): string {
  let text = "";
  for (;;) {
    const character = reader.characters[reader.at];
    if (character === undefined) {
      if (end !== undefined) giveUp(reader, "${");
      return text;
    }
    reader.at++;
    if (character === end) return text;
    if (character === "$") text += readVariable(reader);
    else if (character === "'") text += readSingleQuoted(reader);
    else if (character === '"') text += readDoubleQuoted(reader);
    else if (character === reader.scope.escapeCharacter) text += reader.characters[reader.at++] ?? "";
    else text += character;
    if (text.length > longestText) {
      giveUp(reader, "a text of this length");
      text = "";
    }
  }
}

function readSingleQuoted(reader: Reader): string {
  const end = reader.characters.indexOf("'", reader.at);
  if (end === -1) giveUp(reader, "'");
  const text = reader.characters.slice(reader.at, end === -1 ? undefined : end).join("");
  reader.at = end === -1 ? reader.characters.length : end + 1;
  return text;
}

function readDoubleQuoted(reader: Reader): string {
  const { escapeCharacter } = reader.scope;
  let text = "";
  for (;;) {
    const character = reader.characters[reader.at++];
    if (character === '"') return text;
    if (character === undefined) {
      giveUp(reader, '"');
      return text;
    }
    const next = reader.characters[reader.at];
    if (character === "$") text += readVariable(reader);
    else if (character !== escapeCharacter) text += character;
    else if (next === '"' || next === "$" || next === escapeCharacter) text += reader.characters[reader.at++];
    else if (next !== undefined) text += character;
  }
}

/** Behind the `$`. */
function readVariable(reader: Reader): string {
  if (reader.characters[reader.at] !== "{") {
    const name = readName(reader);
    return name === "" ? "$" : (known(reader, name) ?? "");
  }
  reader.at++;
  const name = readName(reader);
  const modifier = /^(?:\}|:?[-+?])/.exec(reader.characters.slice(reader.at, reader.at + 2).join(""))?.[0];
  if (name === "" || modifier === undefined) {
    giveUp(reader, `\${${name}${reader.characters.slice(reader.at).join("")}`);
    return "";
  }
  reader.at += modifier.length;
  return modifier === "}" ? (known(reader, name) ?? "") : substitute(reader, name, modifier);
}

function substitute(reader: Reader, name: string, modifier: string): string {
  const before = reader.unknown;
  const value = known(reader, name);
  const afterName = reader.unknown;
  const word = readUntil(reader, "}");
  const isSet = modifier.startsWith(":") ? Boolean(value) : value !== undefined;
  if (modifier.endsWith("?")) {
    if (!isSet) giveUp(reader, `\${${name}${modifier}`);
    return value ?? "";
  }
  const takesWord = modifier.endsWith("+") ? isSet : !isSet;
  // What is not taken may hold what it will.
  const isClosed = reader.characters[reader.at - 1] === "}";
  if (!takesWord && isClosed && afterName === before) reader.unknown = before;
  if (takesWord) return word;
  return modifier.endsWith("+") ? "" : (value ?? "");
}

function readName(reader: Reader): string {
  const rest = reader.characters.slice(reader.at).join("");
  const [name = ""] = /^(?:\d+|[@*#!?$-]|[\p{L}_][\p{L}\p{Nd}_]*)/u.exec(rest) ?? [];
  reader.at += Array.from(name).length;
  return name;
}

function known(reader: Reader, name: string): string | undefined {
  const value = reader.scope.valueOf(name);
  if (value !== notKnown) return value;
  giveUp(reader, `$${name}`);
  return undefined;
}

function giveUp(reader: Reader, what: string): void {
  reader.unknown ??= what;
}

/** Splits at white space outside of quotes, as the pairs of `ENV` and `ARG` are; quotes and escapes stay. */
export function splitWords(text: string, escapeCharacter: string): readonly string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quote: string | undefined;
  const characters = Array.from(text);
  for (let at = 0; at < characters.length; at++) {
    const character = characters[at] ?? "";
    if (quote === undefined && /\s/.test(character)) {
      if (word !== undefined) words.push(word);
      word = undefined;
      continue;
    }
    word = (word ?? "") + character;
    if (character === escapeCharacter && quote !== "'") word += characters[++at] ?? "";
    else if (quote === undefined && (character === "'" || character === '"')) quote = character;
    else if (character === quote) quote = undefined;
  }
  return word === undefined ? words : [...words, word];
}
