/** Go refuses the expression. */
export class GoRegExpError extends Error {}

/** Where a parser stands in an expression, as code points. */
export interface Cursor {
  readonly text: readonly string[];
  at: number;
}

type Range = readonly [low: number, high: number];

const highest = 0x10ffff;
const digit: readonly Range[] = [[0x30, 0x39]];
const upper: readonly Range[] = [[0x41, 0x5a]];
const lower: readonly Range[] = [[0x61, 0x7a]];
const alpha = [...upper, ...lower];
const word: readonly Range[] = [...digit, ...upper, [0x5f, 0x5f], ...lower];

const named: Readonly<Record<string, readonly Range[]>> = {
  alnum: [...digit, ...alpha],
  alpha,
  ascii: [[0, 0x7f]],
  blank: [
    [0x09, 0x09],
    [0x20, 0x20],
  ],
  cntrl: [
    [0, 0x1f],
    [0x7f, 0x7f],
  ],
  digit,
  graph: [[0x21, 0x7e]],
  lower,
  print: [[0x20, 0x7e]],
  punct: [
    [0x21, 0x2f],
    [0x3a, 0x40],
    [0x5b, 0x60],
    [0x7b, 0x7e],
  ],
  space: [
    [0x09, 0x0d],
    [0x20, 0x20],
  ],
  upper,
  word,
  xdigit: [...digit, [0x41, 0x46], [0x61, 0x66]],
};
// \s lacks the vertical tab that [:space:] has.
const perl: Readonly<Record<string, readonly Range[]>> = {
  d: digit,
  s: [
    [0x09, 0x0a],
    [0x0c, 0x0d],
    [0x20, 0x20],
  ],
  w: word,
};
const controls: Readonly<Record<string, string>> = { a: "\x07", f: "\f", n: "\n", r: "\r", t: "\t", v: "\v" };
const categories = /^(?:C[cfos]|L[lmotu]?|M[cen]?|N[dlo]?|P[cdefios]?|S[ckmo]?|Z[lps]?)$/;

/** Reads `[…]` at the cursor into a JavaScript class. */
export function parseGoClass(cursor: Cursor): string {
  const { text } = cursor;
  cursor.at++;
  const negated = text[cursor.at] === "^";
  if (negated) cursor.at++;
  let members = "";
  for (let first = true; first || text[cursor.at] !== "]"; first = false) members += parseMember(cursor);
  cursor.at++;
  return `[${negated ? "^" : ""}${members}]`;
}

/** Reads `\d`, `\pL` and the like at the cursor into members of a JavaScript class. */
export function parseGoClassEscape(cursor: Cursor): string | undefined {
  if (cursor.text[cursor.at] !== "\\") return undefined;
  const kind = cursor.text[cursor.at + 1] ?? "";
  if (kind === "p" || kind === "P") return parseUnicodeClass(cursor, kind === "P");
  const ranges = perl[kind.toLowerCase()];
  if (ranges === undefined) return undefined;
  cursor.at += 2;
  return rangesSource(kind === kind.toLowerCase() ? ranges : complement(ranges));
}

/** Reads an escape that stands for one character. */
export function parseGoEscape(cursor: Cursor): string {
  const rest = cursor.text.slice(cursor.at + 1, cursor.at + 16).join("");
  const octal = /^(?:0[0-7]{0,2}|[1-7][0-7]{1,2})/.exec(rest)?.[0];
  if (octal !== undefined) return advance(cursor, octal, Number.parseInt(octal, 8));
  const hex = /^x(?:([0-9A-Fa-f]{2})|\{([0-9A-Fa-f]+)\})/.exec(rest);
  if (hex !== null) return advance(cursor, hex[0], Number.parseInt(hex[1] ?? hex[2] ?? "", 16));
  const character = cursor.text[cursor.at + 1] ?? "";
  const control = controls[character];
  if (control === undefined && !/^[^\dA-Za-z\u0080-\u{10ffff}]$/u.test(character)) {
    throw new GoRegExpError("invalid escape sequence");
  }
  cursor.at += 2;
  return control ?? character;
}

function advance(cursor: Cursor, text: string, code: number): string {
  if (code > highest) throw new GoRegExpError("invalid escape sequence");
  cursor.at += 1 + text.length;
  return String.fromCodePoint(code);
}

function parseMember(cursor: Cursor): string {
  const members = parseNamedClass(cursor) ?? parseGoClassEscape(cursor);
  if (members !== undefined) return members;
  const low = parseClassCharacter(cursor);
  const { text, at } = cursor;
  if (text[at] !== "-" || text[at + 1] === undefined || text[at + 1] === "]") return rangesSource([[low, low]]);
  cursor.at++;
  const high = parseClassCharacter(cursor);
  if (high < low) throw new GoRegExpError("invalid character class range");
  return rangesSource([[low, high]]);
}

function parseClassCharacter(cursor: Cursor): number {
  const character = cursor.text[cursor.at];
  if (character === undefined) throw new GoRegExpError("missing closing ]");
  if (character === "\\") return parseGoEscape(cursor).codePointAt(0) ?? 0;
  cursor.at++;
  return character.codePointAt(0) ?? 0;
}

/** `[:alpha:]`, `[:^alpha:]`. */
function parseNamedClass(cursor: Cursor): string | undefined {
  const { text, at } = cursor;
  if (text[at] !== "[" || text[at + 1] !== ":") return undefined;
  const end = text.findIndex((character, index) => index >= at + 2 && character === ":" && text[index + 1] === "]");
  if (end === -1) return undefined;
  const name = text.slice(at + 2, end).join("");
  const ranges = named[name.replace(/^\^/, "")];
  if (ranges === undefined) throw new GoRegExpError("invalid character class range");
  cursor.at = end + 2;
  return rangesSource(name.startsWith("^") ? complement(ranges) : ranges);
}

/** `\pL`, `\p{Greek}`, `\P{^Lu}`. */
function parseUnicodeClass(cursor: Cursor, negated: boolean): string {
  const found = /^\\[pP](?:\{(\^?)(\w+)\}|(\w))/.exec(cursor.text.slice(cursor.at, cursor.at + 64).join(""));
  const name = found?.[2] ?? found?.[3];
  if (found === null || name === undefined) throw new GoRegExpError("invalid character class range");
  cursor.at += found[0].length;
  const inverse = negated !== (found[1] === "^");
  return `\\${inverse ? "P" : "p"}{${unicodeProperty(name)}}`;
}

function unicodeProperty(name: string): string {
  if (name === "Any" || categories.test(name)) return name;
  const property = `Script=${name}`;
  try {
    new RegExp(`\\p{${property}}`, "u");
  } catch {
    throw new GoRegExpError("invalid character class range");
  }
  return property;
}

function complement(ranges: readonly Range[]): Range[] {
  const gaps: Range[] = [];
  let next = 0;
  for (const [low, high] of ranges) {
    if (low > next) gaps.push([next, low - 1]);
    next = high + 1;
  }
  return next > highest ? gaps : [...gaps, [next, highest]];
}

function rangesSource(ranges: readonly Range[]): string {
  return ranges.map(([low, high]) => `\\u{${low.toString(16)}}-\\u{${high.toString(16)}}`).join("");
}
