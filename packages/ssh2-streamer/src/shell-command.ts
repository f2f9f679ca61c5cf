/**
 * Formats `argv` as one line for a POSIX shell, such that the shell starts exactly that command.
 *
 * @throws TypeError when `argv` is empty or an argument holds NUL, which no command can receive.
 */
export function formatShellCommand(argv: readonly string[]): string {
  if (argv.length === 0) throw new TypeError("a command needs at least its name");
  return argv.map(quote).join(" ");
}

// Within single quotes a POSIX shell leaves every byte alone but the single quote.
function quote(argument: string): string {
  if (argument.includes("\0")) throw new TypeError(`an argument cannot hold NUL: ${JSON.stringify(argument)}`);
  return `'${argument.replaceAll("'", "'\\''")}'`;
}
