/** Whether compose broke off because a name that it wanted to give is another container's or network's. */
export function isNameTaken(output: string): boolean {
  return /Conflict\. The container name "[^"]*" is already in use|network with name \S+ already exists/.test(output);
}

/** What compose or the engine says at the end, which tells why it broke off. */
export function lastLine(output: string): string {
  return output.trimEnd().split("\n").at(-1) ?? "";
}
