import { type ClientRequest, request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from "node:http";
import type { Duplex, Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { OttoError } from "@otto/errors";
import type { ChannelAgent } from "./channel-agent.js";
import { readJson, readRefusal, readUpTo } from "./engine-answer.js";
import { download } from "./engine-download.js";
import { type EngineMessage, formatTarget, isJson, isStream } from "./engine-message.js";

export interface EngineClientOptions {
  /** Of the engine, for messages. */
  readonly name: string;
  readonly agent: ChannelAgent;
  /** Of the API, for all paths, as `1.43`. Default: the engine's own. */
  readonly apiVersion?: string | undefined;
  /** It reports pid 0 for each process that has ended, as Podman does. Default false. */
  readonly forgetsPids?: boolean;
  /** Gets the headers of each answer, whatever its status. */
  readonly onHeaders?: ((headers: IncomingHttpHeaders, status: number) => void) | undefined;
}

/** A list of all containers of a large machine has some MiB. */
const longestAnswerBytes = 64 << 20;
/** Of what was removed, say, which nobody reads. */
const longestReceiptBytes = 1 << 20;

/**
 * The one way to an engine's socket. Each call throws an `EngineRefusal` for any answer but 2xx, and what broke the
 * connection or the body: `callEngine` makes errors of them. Calls may be made concurrently.
 */
export class EngineClient {
  readonly name: string;
  readonly forgetsPids: boolean;
  readonly #agent: ChannelAgent;
  readonly #version: string;
  readonly #onHeaders: EngineClientOptions["onHeaders"];

  constructor({ name, agent, apiVersion, forgetsPids = false, onHeaders }: EngineClientOptions) {
    this.name = name;
    this.forgetsPids = forgetsPids;
    this.#agent = agent;
    this.#version = apiVersion === undefined ? "" : `/v${apiVersion}`;
    this.#onHeaders = onHeaders;
  }

  /** The same for what is not of the API. */
  get unversioned(): EngineClient {
    return new EngineClient({ name: this.name, agent: this.#agent });
  }

  /** Asks for what is answered as JSON. @throws OttoError `ENGINE_STREAM_INVALID` */
  async request<T>(message: EngineMessage, signal: AbortSignal | undefined): Promise<T> {
    const answer = readJson(await this.#readWhole(await this.stream(message, signal), longestAnswerBytes));
    if (typeof answer === "object" && answer !== null) return answer as T;
    throw new OttoError("ENGINE_STREAM_INVALID", `reading the answer of ${this.name}: it is not a JSON object or list`);
  }

  /** Sends what has no answer but that it was done. @throws OttoError `ENGINE_STREAM_INVALID` */
  async tell(message: EngineMessage, signal: AbortSignal | undefined): Promise<IncomingHttpHeaders> {
    const answer = await this.stream(message, signal);
    // To its end: only then its connection takes another request.
    await this.#readWhole(answer, longestReceiptBytes);
    return answer.headers;
  }

  /** Sends a message and waits for the head of its answer. The caller reads the answer to its end, or destroys it. */
  async stream(message: EngineMessage, signal: AbortSignal | undefined): Promise<IncomingMessage> {
    const sent = this.#start(message, signal);
    const answer = await answerTo(sent, message.body);
    const { statusCode = 0, headers } = answer;
    this.#onHeaders?.(headers, statusCode);
    if (statusCode >= 200 && statusCode < 300) return answer;
    const refusal = await readRefusal(statusCode, answer);
    // It may not have read all of the body.
    if (isStream(message.body)) sent.destroy();
    throw refusal;
  }

  /**
   * Makes the connection of a message a stream of its own, which the caller destroys.
   * @param protocol as the API names it: `tcp`, `h2c`
   */
  async hijack(protocol: string, message: EngineMessage, signal: AbortSignal | undefined): Promise<Duplex> {
    const sent = this.#start(
      { ...message, headers: { ...message.headers, Connection: "Upgrade", Upgrade: protocol } },
      signal,
    );
    const hijacked = new Promise<Duplex>((resolve) => {
      sent.once("upgrade", (_answer, socket: Duplex, head: Buffer) => {
        // The engine may have spoken already.
        if (head.length > 0) socket.unshift(head);
        resolve(socket);
      });
    });
    const outcome = await Promise.race([hijacked, answerTo(sent, message.body)]);
    if ("writable" in outcome) return outcome;
    throw await readRefusal(outcome.statusCode ?? 0, outcome);
  }

  /** Asks for much, with the least work for everybody. It ends where the connection ends: is it whole? */
  async download(target: Pick<EngineMessage, "path" | "query">, signal: AbortSignal | undefined): Promise<Readable> {
    return download(await this.#agent.connect(), `${this.#version}${formatTarget(target)}`, signal);
  }

  #start(message: EngineMessage, signal: AbortSignal | undefined): ClientRequest {
    const { method, headers, body } = message;
    return httpRequest({
      agent: this.#agent,
      host: "engine",
      method,
      path: `${this.#version}${formatTarget(message)}`,
      headers: { ...headers, ...(isJson(body) && { "Content-Type": "application/json" }) } as Record<string, string>,
      ...(signal !== undefined && { signal }),
    });
  }

  async #readWhole(answer: Readable, limitBytes: number): Promise<Buffer> {
    const { bytes, isCut } = await readUpTo(answer, limitBytes);
    if (!isCut) return bytes;
    const reason = `it is longer than ${limitBytes} bytes`;
    throw new OttoError("ENGINE_STREAM_INVALID", `reading an answer of ${this.name}: ${reason}`);
  }
}

function answerTo(sent: ClientRequest, body: EngineMessage["body"]): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    let failure: unknown;
    const note = (error: unknown) => {
      failure ??= error;
      if (sent.closed) reject(failure);
    };
    // The engine may answer, with a refusal, before it has read all: then the answer counts.
    sent.on("error", note).once("response", (answer: IncomingMessage) => {
      // Between its head and its reader nobody else listens.
      answer.on("error", () => {});
      // What broke the connection, where the answer itself would only say that it did.
      sent.on("error", (error) => answer.destroy(error));
      resolve(answer);
    });
    sent.once("close", () => reject(failure ?? new Error("the connection was closed")));
    if (isStream(body)) pipeline(body, sent).catch(note);
    else sent.end(isJson(body) ? JSON.stringify(body.json) : undefined);
  });
}
