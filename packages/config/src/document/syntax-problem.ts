/** Why a text is not of its format, and where. Never carries text of the file: it may hold secrets. */
export class SyntaxProblem extends Error {
  override readonly name = "SyntaxProblem";

  constructor(
    readonly reason: string,
    /** From 1. */
    readonly line: number,
  ) {
    super(reason);
  }
}

/** The line, from 1, of an offset in a text. */
export function lineAt(text: string, offset: number): number {
  let line = 1;
  for (let i = text.indexOf("\n"); i !== -1 && i < offset; i = text.indexOf("\n", i + 1)) line++;
  return line;
}
