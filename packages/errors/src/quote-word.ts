/**
 * Formats a word for a shell, which takes it as it is: in sh, dash, bash, busybox, zsh and fish.
 * @throws TypeError when it holds NUL, which no command can receive
 */
export function quoteWord(word: string): string {
  if (word.includes("\0")) throw new TypeError(`a word for a shell cannot hold NUL: ${JSON.stringify(word)}`);
  // Within single quotes a POSIX shell leaves every byte alone but the single quote; fish also reads `\\` and `\'` there.
  return `'${word.replaceAll(/['\\]/g, "'\\$&'")}'`;
}

/**
 * Formats a command as one line for such a shell, which starts exactly that.
 * @throws TypeError when it is empty, and as {@link quoteWord}
 */
export function quoteCommand(argv: readonly string[]): string {
  if (argv.length === 0) throw new TypeError("a command needs at least its name");
  return argv.map(quoteWord).join(" ");
}
