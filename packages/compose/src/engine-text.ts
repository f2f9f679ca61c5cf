/** Whether compose broke off because a name that it wanted to give is another container's or network's. */
export function isNameTaken(output: string): boolean {
  return /Conflict\. The container name "[^"]*" is already in use|network with name \S+ already exists/.test(output);
}
