import type { Duplex, Readable } from "node:stream";
import type { EngineClient } from "./engine-client.js";
import { readRefusal } from "./engine-message.js";
import type { EngineRequest } from "./engine-request.js";

const headEnd = "\r\n\r\n";
const longestHead = 64 * 1024;

/**
 * Asks for much: what comes after the head of the answer is the stream itself. Not by node:http: in HTTP/1.0 the engine
 * does not cut it into chunks, which took a quarter of the time of a large one, in the engine, in sshd and here.
 * @param path with its query
 * @returns it ends where the connection ends: the caller must know from its content whether it is whole
 * @throws what `asking` makes an `ENGINE_REQUEST_FAILED` of, for any answer but 200
 */
export async function downloadFromEngine(
  { agent, apiVersion }: EngineClient,
  path: string,
  request: EngineRequest,
): Promise<Readable> {
  const { abortSignal } = request.abort;
  const channel = await agent.connect();
  const onAbort = () => channel.destroy(abortSignal?.reason as Error);
  abortSignal?.addEventListener("abort", onAbort, { once: true });
  channel.once("close", () => abortSignal?.removeEventListener("abort", onAbort));
  if (abortSignal?.aborted) onAbort();
  channel.write(`GET /v${apiVersion}${path} HTTP/1.0${headEnd}`);
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
