import { cleanText } from "@otto/errors";

const rule = "-".repeat(20);

/** The lines of a Dockerfile around an instruction, all of whose lines are marked, as `docker build` shows them. Pure. */
export function quoteInstruction(name: string, text: string, line: number): string {
  const lines = text.split(/\r?\n/);
  if (lines[line - 1] === undefined) return "";
  const last = lastLineOf(lines, line);
  // As BuildKit's clients do.
  const around = last === line ? 2 : 1;
  const from = Math.max(line - 1 - around, 0);
  const shown = lines.slice(from, last + around).map((content, index) => {
    const number = from + index + 1;
    const mark = number >= line && number <= last ? ">>>" : "   ";
    return `${String(number).padStart(4)} | ${mark} ${cleanText(content)}`.trimEnd();
  });
  return [`${cleanText(name)}:${line}`, rule, ...shown, rule].join("\n");
}

/** The last line of the instruction that begins in `line`: behind its continuations and here-documents. */
function lastLineOf(lines: readonly string[], line: number): number {
  const continuation = /^#\s*escape\s*=\s*`/im.test(lines.slice(0, 5).join("\n")) ? "`" : "\\";
  const goesOn = (content = "") => content.trimEnd().endsWith(continuation);
  const isComment = (content = "") => /^\s*#/.test(content);
  let last = line;
  while (last < lines.length && (goesOn(lines[last - 1]) || (last > line && isComment(lines[last - 1])))) last += 1;
  const words = lines
    .slice(line - 1, last)
    .join("\n")
    .matchAll(/<<-?(["']?)(\w+)\1/g);
  for (const [, , word] of words) {
    const end = lines.findIndex((content, index) => index >= last && content.trim() === word);
    if (end !== -1) last = end + 1;
  }
  return last;
}
