import { quoteCommand } from "@otto/errors";

/**
 * Formats a command as the line that a login shell is given, whichever shell that is: sh, dash, bash, zsh, fish, csh. The
 * shell becomes the command.
 * @throws TypeError as {@link quoteCommand}
 */
export function formatLoginLine(argv: readonly string[]): string {
  const head = argv.slice(0, argv.findLastIndex((word) => cannotBeQuoted.test(word)) + 1);
  if (head.length === 0) return `exec ${quoteCommand(argv)}`;
  const read = (word: string, name: string) =>
    cannotBeQuoted.test(word) ? `${name}=$(printf "%bx" "$1"); ${name}=\${${name}%x}; shift` : `${name}=$1; shift`;
  const names = head.map((_, index) => `otto_${index}`);
  const reads = head.map((word, index) => read(word, names[index] as string));
  const script = `${reads.join("; ")}; exec ${names.map((name) => `"$${name}"`).join(" ")} "$@"`;
  const words = argv.map((word) => (cannotBeQuoted.test(word) ? escapeLetters(word) : word));
  return `exec ${quoteCommand(["/bin/sh", "-c", script, "otto", ...words])}`;
}

/** csh takes no newline within quotes, and looks for history behind a `!` there. */
const cannotBeQuoted = /\n|!(?![ \t=(])/;

/** For `%b` of printf (POSIX). */
function escapeLetters(word: string): string {
  return word.replaceAll(/[\\\n!]/g, (letter) => `\\0${letter.charCodeAt(0).toString(8).padStart(3, "0")}`);
}
