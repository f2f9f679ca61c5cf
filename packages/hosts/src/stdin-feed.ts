import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { RemoteProcess } from "ssh2-streamer";

/** Where the stdin of a command comes from. */
export type StdinSource = string | Uint8Array | Readable;

/** A command may end without reading all of its stdin, which is its right. A source that fails ends the command. */
export async function feedStdin(
  process: Pick<RemoteProcess, "stdin" | "kill">,
  stdin: StdinSource | undefined,
): Promise<void> {
  const source = stdin instanceof Readable ? stdin : Readable.from(stdin === undefined ? [] : [stdin]);
  try {
    await pipeline(source, process.stdin);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EPIPE") return;
    process.kill("SIGKILL");
    throw error;
  }
}
