import { quoteWord } from "@otto/errors";

/**
 * Formats `argv` as one line for a shell (sh, dash, bash, busybox, zsh, fish), such that it starts exactly that command.
 *
 * @throws TypeError when `argv` is empty or an argument holds NUL, which no command can receive.
 */
export function formatShellCommand(argv: readonly string[]): string {
  if (argv.length === 0) throw new TypeError("a command needs at least its name");
  return argv.map(quoteWord).join(" ");
}
