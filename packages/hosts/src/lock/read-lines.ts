import type { Readable } from "node:stream";

const longestLine = 1 << 16;

/** The lines of a stream as they come, which is read on by nobody when the loop is left. A line that goes on for ever is cut. */
export async function* readLines(stream: Readable): AsyncGenerator<string> {
  let rest = "";
  stream.setEncoding("utf8");
  for await (const chunk of stream.iterator({ destroyOnReturn: false }) as AsyncIterable<string>) {
    const lines = (rest + chunk).split("\n");
    rest = (lines.pop() ?? "").slice(0, longestLine);
    yield* lines;
  }
}
