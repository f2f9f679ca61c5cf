import { type Cursor, GoRegExpError, parseGoClass, parseGoClassEscape, parseGoEscape } from "./go-regexp-class.js";

interface Group {
  readonly alternatives: string[];
  atoms: string[];
}

const anchors: Readonly<Record<string, string>> = { A: "^", z: "$", b: "\\b", B: "\\B" };

/**
 * Translates what ignore patterns become in the reference, an expression for Go's `regexp`, into JavaScript's terms.
 * Ignore patterns let through more of Go's syntax than they mean to: `|`, `{2}`, `^`, `\d`, `\Q…\E`, `[[:alpha:]]`.
 *
 * @throws GoRegExpError when Go refuses the expression
 * @see https://pkg.go.dev/regexp/syntax
 */
export function translateGoRegExp(source: string): RegExp {
  const cursor: Cursor = { text: Array.from(source), at: 0 };
  const groups: Group[] = [newGroup()];
  let afterRepeat = false;
  while (cursor.at < cursor.text.length) afterRepeat = parseToken(cursor, groups, afterRepeat);
  const [outer, ...open] = groups;
  if (outer === undefined || open.length > 0) throw new GoRegExpError("missing closing )");
  return new RegExp(groupSource(outer), "u");
}

/** Whether the token was a repetition: Go refuses to repeat a repetition. */
function parseToken(cursor: Cursor, groups: Group[], afterRepeat: boolean): boolean {
  const group = groups.at(-1) ?? newGroup();
  const character = cursor.text[cursor.at] ?? "";
  const repeat = parseRepeat(cursor);
  if (repeat !== undefined) {
    const atom = group.atoms.pop();
    if (afterRepeat || atom === undefined) throw new GoRegExpError("nothing to repeat");
    group.atoms.push(`(?:${atom})${repeat}`);
    return true;
  }
  if (character === "[") group.atoms.push(parseGoClass(cursor));
  else if (character === "\\") parseBackslash(cursor, group.atoms);
  else {
    cursor.at++;
    addCharacter(character, group, groups);
  }
  return false;
}

function addCharacter(character: string, group: Group, groups: Group[]): void {
  if (character === "(") groups.push(newGroup());
  else if (character === ")") closeGroup(groups);
  else if (character === "|") {
    group.alternatives.push(group.atoms.join(""));
    group.atoms = [];
  } else if (character === "^" || character === "$") group.atoms.push(character);
  else group.atoms.push(character === "." ? "[^\\n]" : literal(character));
}

function closeGroup(groups: Group[]): void {
  const group = groups.pop();
  const outer = groups.at(-1);
  if (group === undefined || outer === undefined) throw new GoRegExpError("unexpected )");
  outer.atoms.push(groupSource(group));
}

function parseBackslash(cursor: Cursor, atoms: string[]): void {
  const next = cursor.text[cursor.at + 1] ?? "";
  const anchor = anchors[next];
  if (anchor !== undefined) {
    atoms.push(anchor);
    cursor.at += 2;
  } else if (next === "Q") parseQuoted(cursor, atoms);
  else {
    const members = parseGoClassEscape(cursor);
    atoms.push(members === undefined ? literal(parseGoEscape(cursor)) : `[${members}]`);
  }
}

/** `\Q…\E`; without the `\E`, to the end. */
function parseQuoted(cursor: Cursor, atoms: string[]): void {
  const { text } = cursor;
  cursor.at += 2;
  for (; cursor.at < text.length; cursor.at++) {
    if (text[cursor.at] === "\\" && text[cursor.at + 1] === "E") {
      cursor.at += 2;
      return;
    }
    atoms.push(literal(text[cursor.at] ?? ""));
  }
}

const repetition = /^(?:[*+?]|\{(0|[1-9]\d*)(,(0|[1-9]\d*)?)?\})\??/;

/** The repetition at the cursor in JavaScript's terms; a `{` that does not begin one is a character. */
function parseRepeat(cursor: Cursor): string | undefined {
  const found = repetition.exec(cursor.text.slice(cursor.at, cursor.at + 32).join(""));
  if (found === null) return undefined;
  cursor.at += found[0].length;
  const [min, max] = [Number(found[1] ?? 0), Number(found[3] ?? 0)];
  const inverted = found[3] !== undefined && min > max;
  if (min > 1000 || max > 1000 || inverted) throw new GoRegExpError("invalid repeat count");
  return found[0];
}

function newGroup(): Group {
  return { alternatives: [], atoms: [] };
}

function groupSource(group: Group): string {
  return `(?:${[...group.alternatives, group.atoms.join("")].join("|")})`;
}

function literal(character: string): string {
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}
