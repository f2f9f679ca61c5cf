import { type ClientRequest, request as httpRequest, type IncomingMessage } from "node:http";
import type { Duplex, Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { isOttoError, OttoError } from "@otto/errors";
import type { EngineClient } from "./engine-client.js";
import type { EngineRequest } from "./engine-request.js";

export interface EngineMessage {
  readonly method: "GET" | "HEAD" | "POST" | "PUT" | "DELETE";
  /** As `/images/create`. */
  readonly path: string;
  /** A list is a parameter for each item, an object goes as JSON; undefined is left out. Default: none. */
  readonly query?: Readonly<Record<string, QueryValue>>;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  /** A stream, or what is sent as JSON. Default: none. */
  readonly body?: Readable | { readonly json: object };
}

type QueryValue = string | number | boolean | readonly string[] | object | undefined;

/** A list of all containers of a large machine has some MiB. */
const longestAnswerBytes = 64 << 20;
/** Of what was removed, say, which nobody reads. */
const longestReceiptBytes = 1 << 20;
const longestRefusalBytes = 64 << 10;

/** Asks for what is answered as JSON. @throws as {@link sendToEngine}; OttoError `ENGINE_STREAM_INVALID` */
export async function askEngine<T>(client: EngineClient, message: EngineMessage, request: EngineRequest): Promise<T> {
  const bytes = await readWhole(await sendToEngine(client, message, request), request, longestAnswerBytes);
  const answer = readJson(bytes);
  if (typeof answer === "object" && answer !== null && !Buffer.isBuffer(answer)) return answer as T;
  throw new OttoError(
    "ENGINE_STREAM_INVALID",
    `reading the answer of ${request.engine}: it is not a JSON object or list`,
  );
}

/** Sends what has no answer but that it was done. @returns the answer's head @throws as {@link sendToEngine} */
export async function tellEngine(
  client: EngineClient,
  message: EngineMessage,
  request: EngineRequest,
): Promise<IncomingMessage> {
  const response = await sendToEngine(client, message, request);
  // To its end: only then its connection takes another request.
  await readWhole(response, request, longestReceiptBytes);
  return response;
}

/**
 * Sends a message and waits for the head of its answer. The caller reads the answer to its end, or destroys it.
 * @throws what `asking` makes an `ENGINE_REQUEST_FAILED` of, for any answer but 2xx; what broke the body
 */
export async function sendToEngine(
  client: EngineClient,
  message: EngineMessage,
  request: EngineRequest,
): Promise<IncomingMessage> {
  const sent = startRequest(client, message, request);
  const response = await answerTo(sent, message.body);
  const { statusCode = 0 } = response;
  if (statusCode >= 200 && statusCode < 300) return response;
  const error = await readRefusal(statusCode, response);
  // It may not have read all of the body.
  if (isStream(message.body)) sent.destroy();
  throw error;
}

/**
 * Makes the request's connection a stream of its own, which the caller destroys.
 * @param protocol as the API names it: `tcp`, `h2c`
 * @throws as {@link sendToEngine}
 */
export async function upgradeConnection(
  client: EngineClient,
  message: EngineMessage & { readonly protocol: string },
  request: EngineRequest,
): Promise<Duplex> {
  const headers = { ...message.headers, Connection: "Upgrade", Upgrade: message.protocol };
  const sent = startRequest(client, { ...message, headers }, request);
  const upgraded = new Promise<Duplex>((resolve) => {
    sent.once("upgrade", (_response, socket: Duplex, head: Buffer) => {
      // The engine may have spoken already.
      if (head.length > 0) socket.unshift(head);
      resolve(socket);
    });
  });
  const outcome = await Promise.race([upgraded, answerTo(sent, message.body)]);
  if ("writable" in outcome) return outcome;
  throw await readRefusal(outcome.statusCode ?? 0, outcome);
}

/** What `asking` makes an `ENGINE_REQUEST_FAILED` of: of a long answer the beginning. */
export async function readRefusal(statusCode: number, answer: Readable): Promise<Error> {
  const { bytes } = await readUpTo(answer, longestRefusalBytes);
  return Object.assign(new Error(`HTTP status ${statusCode}`), { statusCode, json: readJson(bytes) });
}

async function readWhole(answer: Readable, { engine }: EngineRequest, limitBytes: number): Promise<Buffer> {
  const { bytes, isCut } = await readUpTo(answer, limitBytes);
  if (!isCut) return bytes;
  throw new OttoError("ENGINE_STREAM_INVALID", `reading an answer of ${engine}: it is longer than ${limitBytes} bytes`);
}

/** The beginning of a stream, which is destroyed where it is longer. */
async function readUpTo(stream: Readable, limitBytes: number): Promise<{ bytes: Buffer; isCut: boolean }> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      size += chunk.length;
      if (size > limitBytes) break;
    }
  } catch (cause) {
    throw isOttoError(cause) ? cause : new Error("its answer was cut off", { cause });
  }
  return { bytes: Buffer.concat(chunks).subarray(0, limitBytes), isCut: size > limitBytes };
}

function startRequest({ agent, apiVersion }: EngineClient, message: EngineMessage, request: EngineRequest) {
  const { method, path, query = {}, headers, body } = message;
  const prefix = apiVersion === undefined ? "" : `/v${apiVersion}`;
  return httpRequest({
    agent,
    host: "engine",
    method,
    path: `${prefix}${path}${formatQuery(query)}`,
    headers: { ...headers, ...(isJson(body) && { "Content-Type": "application/json" }) } as Record<string, string>,
    ...(request.abort.abortSignal !== undefined && { signal: request.abort.abortSignal }),
  });
}

/** With its question mark; "" where there is nothing in it. */
export function formatQuery(query: NonNullable<EngineMessage["query"]>): string {
  const parameters = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) {
    if (value === undefined) continue;
    if (Array.isArray(value)) for (const item of value) parameters.append(key, String(item));
    else parameters.set(key, typeof value === "object" ? JSON.stringify(value) : String(value));
  }
  return parameters.size === 0 ? "" : `?${parameters.toString()}`;
}

/** A reference as a part of a path, where its slashes stand for themselves. */
export function encodeReference(reference: string): string {
  return encodeURI(reference).replaceAll("?", "%3F").replaceAll("#", "%23");
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

function isJson(body: EngineMessage["body"]): body is { readonly json: object } {
  return body !== undefined && "json" in body;
}

function isStream(body: EngineMessage["body"]): body is Readable {
  return body !== undefined && !isJson(body);
}

function readJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString());
  } catch {
    return body;
  }
}
