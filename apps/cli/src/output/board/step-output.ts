/** Enough to see that it moves; four images may build at once. */
export const saidLines = 4;

/** The last lines of what a step writes, the last of which may go on. */
export function addOutput(said: readonly string[], text: string): readonly string[] {
  const lines = `${said.join("\n")}${text}`.split("\n");
  const unfinished = lines.pop() ?? "";
  const whole = lines.filter((line) => line.trim() !== "").slice(-saidLines);
  return [...whole, unfinished];
}

/** The same as a terminal shows it: of a line that a program writes over and over, what it shows. */
export function shownOutput(said: readonly string[]): readonly string[] {
  const whole = said.map((line) => line.trimEnd().split("\r").at(-1)?.replaceAll("\t", "  ") ?? "");
  return whole.filter((line) => line !== "").slice(-saidLines);
}
