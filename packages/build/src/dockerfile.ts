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
 * The instructions of a Dockerfile that BuildKit would take: continued lines are joined, comments and the texts of
 * here-documents left out.
 *
 * @see https://docs.docker.com/reference/dockerfile/
 */
export function readInstructions(dockerfile: string): readonly Instruction[] {
  const lines = splitLines(dockerfile);
  const continuation = continuationBy(escapeOf(lines) === "`" ? "`" : "\\\\");
  const instructions: Instruction[] = [];
  for (let at = 0; at < lines.length; at++) {
    const line = at + 1;
    let text = isComment(lines[at]) ? "" : (lines[at] ?? "").trimStart();
    while (continuation.test(text) && at + 1 < lines.length) {
      at++;
      if (!isComment(lines[at]) && !isEmpty(lines[at])) text = text.replace(continuation, "") + lines[at];
    }
    text = text.replace(continuation, "").trim();
    if (text === "") continue;
    const { head, rest } = splitWord(text);
    instructions.push({ line, keyword: head.toUpperCase(), rest });
    for (const document of hereDocumentsOf(head, rest)) {
      do at++;
      while (at < lines.length && !document.isEnd(lines[at] ?? ""));
    }
  }
  return instructions;
}

/** The character that continues lines and takes a character's meaning away, as the directive `escape` says. */
export function findEscape(dockerfile: string): string {
  return escapeOf(splitLines(dockerfile));
}

function escapeOf(lines: readonly string[]): string {
  return findDirective(lines, "#", "escape")?.value === "`" ? "`" : "\\";
}

/** The frontend that a Dockerfile names by `# syntax=`, and the line where it does. */
export function findFrontend(dockerfile: string): { readonly value: string; readonly line: number } | undefined {
  const lines = splitLines(dockerfile);
  const first = lines[0]?.startsWith("#!") === true ? 1 : 0;
  return findDirective(lines, "#", "syntax", first) ?? findDirective(lines, "//", "syntax", first);
}

function splitLines(dockerfile: string): readonly string[] {
  return dockerfile.replace(/^\ufeff/, "").split(/\r?\n/);
}

const directives: ReadonlySet<string> = new Set(["syntax", "escape", "check"]);

/**
 * A parser directive (`# name=value`); they stand before anything else.
 * @see https://docs.docker.com/reference/dockerfile/#parser-directives
 */
function findDirective(lines: readonly string[], comment: "#" | "//", wanted: string, first = 0) {
  const directive = new RegExp(`^\\s*${comment}\\s*([a-z][a-z0-9]*)\\s*=\\s*(\\S+)`, "i");
  for (let at = first; at < lines.length; at++) {
    const [, name = "", value = ""] = directive.exec(lines[at] ?? "") ?? [];
    if (!directives.has(name.toLowerCase())) return undefined;
    if (name.toLowerCase() === wanted) return { value, line: at + 1 };
  }
  return undefined;
}

/** What continues a line: the escape character at its end, itself not escaped. */
function continuationBy(character: string): RegExp {
  return new RegExp(`(?<=^|[^${character}])${character}[ \\t]*$`);
}

function isComment(line = ""): boolean {
  return line.trimStart().startsWith("#");
}

function isEmpty(line = ""): boolean {
  return line.trim() === "";
}

/** The first word, and what follows it. */
function splitWord(text: string): { readonly head: string; readonly rest: string } {
  const [, head = "", rest = ""] = /^([^\t\v\f\r ]*)[\t\v\f\r ]*(.*)$/s.exec(text) ?? [];
  return { head, rest };
}

const takesHereDocuments: ReadonlySet<string> = new Set(["RUN", "COPY", "ADD"]);
const hereDocument = /^\d*<<(-?)([^<]+)$/s;
const shellWord = /(?:\\.|'[^']*'|"(?:\\.|[^"\\])*"|[^\s'"\\])+/gs;

interface HereDocument {
  isEnd(line: string): boolean;
}

/** Those that an instruction begins, in the order in which their texts follow it. */
function hereDocumentsOf(keyword: string, rest: string): readonly HereDocument[] {
  if (keyword.toUpperCase() === "ONBUILD") {
    const { head, rest: further } = splitWord(rest);
    return head.toUpperCase() === "ONBUILD" ? [] : hereDocumentsOf(head, further);
  }
  if (!takesHereDocuments.has(keyword.toUpperCase()) || isJsonForm(rest)) return [];
  return (rest.match(shellWord) ?? []).flatMap((word) => {
    const [, dash, name] = hereDocument.exec(word) ?? [];
    if (name === undefined) return [];
    const end = name.replace(/'([^']*)'|"((?:\\.|[^"\\])*)"|\\(.)/gs, "$1$2$3");
    return [{ isEnd: (line: string) => (dash === "" ? line : line.replace(/^\t+/, "")) === end }];
  });
}

/** What an instruction is given: its options and its words. */
export interface Arguments {
  /** Without the dashes: `from=base`. */
  readonly options: readonly string[];
  /** Quotes and variables as they stand. */
  readonly words: readonly string[];
}

/** The arguments of `FROM`, `COPY` and `ADD`, without here-documents; of others, the options alone mean something. */
export function readArguments({ rest }: Instruction): Arguments {
  const options: string[] = [];
  let text = rest;
  for (let option = nextOption(text); option !== undefined; option = nextOption(text)) {
    text = option.behind;
    if (option.name === "") break;
    options.push(option.name);
  }
  const plain = () => text.split(/[\t\v\f\r ]+/).filter((word) => word !== "" && !hereDocument.test(word));
  return { options, words: readJsonWords(text) ?? plain() };
}

/** Two dashes alone end the options. */
function nextOption(text: string): { readonly name: string; readonly behind: string } | undefined {
  const { head, rest } = splitWord(text);
  return head.startsWith("--") ? { name: head.slice(2), behind: rest } : undefined;
}

/** `["a", "b"]`, behind the flags. */
function isJsonForm(rest: string): boolean {
  return readJsonWords(rest.replace(/^(?:--\S+\s+)*/, "")) !== undefined;
}

function readJsonWords(text: string): readonly string[] | undefined {
  try {
    const words: unknown = JSON.parse(text);
    return Array.isArray(words) && words.every((word) => typeof word === "string") ? words : undefined;
  } catch {
    return undefined;
  }
}
