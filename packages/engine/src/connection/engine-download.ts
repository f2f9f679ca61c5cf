import type { Duplex, Readable } from "node:stream";
import { readRefusal } from "./engine-answer.js";

const headEnd = "\r\n\r\n";
const longestHead = 64 * 1024;

/**
 * Asks for much on a connection of its own: what comes after the head of the answer is the stream itself. Not by
 * node:http: in HTTP/1.0 the engine does not cut it into chunks, which took a quarter of the time of a large one, in the
 * engine, in sshd and here.
 * @returns it ends where the connection ends: the caller must know from its content whether it is whole
 * @throws EngineRefusal for any answer but 200
 */
export async function download(channel: Duplex, target: string, signal: AbortSignal | undefined): Promise<Readable> {
  const onAbort = () => channel.destroy(signal?.reason as Error);
  signal?.addEventListener("abort", onAbort, { once: true });
  channel.once("close", () => signal?.removeEventListener("abort", onAbort));
  if (signal?.aborted) onAbort();
  channel.write(`GET ${target} HTTP/1.0${headEnd}`);
  const status = await readStatus(channel);
  if (status === 200) return channel;
  throw await readRefusal(status, channel);
}

/** Reads the head and leaves the rest. */
async function readStatus(channel: Duplex): Promise<number> {
  let head = Buffer.alloc(0);
  for await (const chunk of channel.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    head = Buffer.concat([head, chunk]);
    const end = head.indexOf(headEnd);
    if (end >= 0) channel.unshift(head.subarray(end + headEnd.length));
    if (end >= 0 || head.length > longestHead) break;
  }
  const [, status] = /^HTTP\/1\.[01] (\d{3}) /.exec(head.toString("latin1")) ?? [];
  if (status !== undefined && head.includes(headEnd)) return Number(status);
  channel.destroy();
  throw new Error("its answer was cut off");
}
