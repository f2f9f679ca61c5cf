import { configError } from "./ssh-config-host.js";

/** One option of a configuration. */
export interface ConfigLine {
  /** In lower case. */
  readonly keyword: string;
  /** The rest of the line, as commands are taken. */
  readonly rest: string;
  /** Its words, without quotes and what is behind `#`. */
  readonly words: readonly string[];
}

/** Reads one line as OpenSSH does; undefined for an empty one and a comment. */
export function parseLine(text: string, alias: string): ConfigLine | undefined {
  const line = text.replace(/[ \t\r\f]+$/, "").replace(/^[ \t\r]+/, "");
  const [, quoted, bare] = /^(?:"([^"]*)"|([^ \t\r="]+))/.exec(line) ?? [];
  const keyword = quoted ?? bare ?? "";
  if (keyword === "" || keyword.startsWith("#")) return undefined;
  const behind = line.slice(quoted === undefined ? keyword.length : keyword.length + 2);
  const rest = behind.replace(/^[ \t\r]*=?[ \t\r]*/, "");
  if (rest === "") throw configError(alias, `${keyword} has no value`);
  return { keyword: keyword.toLowerCase(), rest, words: splitWords(rest, alias) };
}

const word = /(?:\\["'\\ ]|"(?:\\["'\\]|[^"])*"|'(?:\\["'\\]|[^'])*'|[^ \t"'])+/gy;

function splitWords(text: string, alias: string): string[] {
  const words: string[] = [];
  for (let at = 0; ; at = word.lastIndex) {
    at += /^[ \t]*/.exec(text.slice(at))?.[0].length ?? 0;
    if (at === text.length || text[at] === "#") return words;
    word.lastIndex = at;
    const [found] = word.exec(text) ?? [];
    const ended = found === undefined ? at : word.lastIndex;
    if (found === undefined || !/^([ \t]|$)/.test(text.slice(ended)))
      throw configError(alias, `a quote has no end: ${text}`);
    words.push(removeQuotes(found));
  }
}

function removeQuotes(text: string): string {
  return text.replaceAll(
    /\\(["'\\ ])|"((?:\\["'\\]|[^"])*)"|'((?:\\["'\\]|[^'])*)'/g,
    (_, escaped?: string, double?: string, single?: string) =>
      escaped ?? (double ?? single ?? "").replaceAll(/\\(["'\\])/g, "$1"),
  );
}
