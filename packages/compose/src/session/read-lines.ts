import type { Readable } from "node:stream";

/** So much of a line that does not end is kept. */
const longestLine = 1 << 16;

/**
 * Calls `onLine` with each line; a longer one than 64 Ki characters is cut. Not node:readline, which throws an error of the
 * stream where nobody can catch it.
 */
export function readLines(stream: Readable, onLine: (line: string) => void): void {
  let rest = "";
  stream.setEncoding("utf8");
  stream.on("error", () => {});
  stream.on("data", (chunk: string) => {
    const lines = (rest + chunk).split("\n");
    rest = (lines.pop() ?? "").slice(0, longestLine);
    for (const line of lines) onLine(line);
  });
}
