/** An instruction of a Dockerfile. */
export interface Instruction {
  /** Where it begins, from 1. */
  readonly line: number;
  /** In upper case. */
  readonly keyword: string;
  /** What follows the keyword, in one line. */
  readonly rest: string;
}

/**
 * The instructions of a Dockerfile, as far as it is well formed: continued lines are joined, comments and here-documents
 * left out.
 */
export function readInstructions(dockerfile: string): readonly Instruction[] {
  const lines = dockerfile.split(/\r?\n/);
  const continuation = readDirective(dockerfile, "escape") ?? "\\";
  const instructions: Instruction[] = [];
  for (let at = 0; at < lines.length; at++) {
    if (isSkipped(lines[at])) continue;
    const line = at + 1;
    let text = (lines[at] ?? "").trim();
    while (text.endsWith(continuation)) {
      at++;
      while (at < lines.length && isSkipped(lines[at])) at++;
      text = `${text.slice(0, -1)}${(lines[at] ?? "").trim()}`;
    }
    const [, keyword = "", rest = ""] = /^(\S+)\s*(.*)$/s.exec(text) ?? [];
    instructions.push({ line, keyword: keyword.toUpperCase(), rest });
    if (takesHereDocuments.has(keyword.toUpperCase())) at = skipHereDocuments(lines, at, rest);
  }
  return instructions;
}

const takesHereDocuments: ReadonlySet<string> = new Set(["RUN", "COPY", "ADD"]);

function isSkipped(line = ""): boolean {
  return /^\s*(#|$)/.test(line);
}

/**
 * The value of a parser directive (`# name=value`); directives stand before anything else.
 * @see https://docs.docker.com/reference/dockerfile/#parser-directives
 */
export function readDirective(dockerfile: string, wanted: string): string | undefined {
  return findDirective(dockerfile, wanted)?.value;
}

/** The line of a parser directive, from 1. */
export function findDirectiveLine(dockerfile: string, wanted: string): number | undefined {
  return findDirective(dockerfile, wanted)?.line;
}

function findDirective(dockerfile: string, wanted: string): { value: string; line: number } | undefined {
  const lines = dockerfile.replace(/^\ufeff/, "").split(/\r?\n/);
  for (const [index, line] of lines.entries()) {
    if (index === 0 && line.startsWith("#!")) continue;
    const [, name, value] = /^(?:#|\/\/)\s*(\w+)\s*=\s*(\S+)\s*$/.exec(line) ?? [];
    if (name === undefined || value === undefined) return undefined;
    if (name.toLowerCase() === wanted) return { value, line: index + 1 };
  }
  return undefined;
}

/** @returns the last line of the last one */
function skipHereDocuments(lines: readonly string[], last: number, rest: string): number {
  let at = last;
  for (const [, quote, word, bare] of rest.matchAll(/<<-?\s*(?:(["'])(\w+)\1|(\w+))/g)) {
    const end = quote === undefined ? bare : word;
    const found = lines.findIndex((line, index) => index > at && line.trim() === end);
    if (found === -1) return last;
    at = found;
  }
  return at;
}
