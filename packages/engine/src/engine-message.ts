import { type Agent, type ClientRequest, request as httpRequest, type IncomingMessage } from "node:http";
import type { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import type Docker from "dockerode";
import type { EngineRequest } from "./engine-request.js";

export interface EngineMessage {
  readonly method: "GET" | "HEAD" | "POST" | "PUT";
  /** With its query, as `/images/create?fromImage=a`. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Default: none. */
  readonly body?: Readable;
}

/** A message without a body whose headers hold credentials. */
export type EnginePost = Required<Pick<EngineMessage, "path" | "headers">>;

/** @throws what `asking` makes an `ENGINE_REQUEST_FAILED` of, for any answer but 2xx */
export function postToEngine(docker: Docker, post: EnginePost, request: EngineRequest): Promise<IncomingMessage> {
  return sendToEngine(docker, { method: "POST", ...post }, request);
}

/**
 * Sends a message and waits for the head of its answer. Not by docker-modem: `DEBUG=modem` has it print credentials, and
 * it does not notice a body that breaks.
 * @throws what `asking` makes an `ENGINE_REQUEST_FAILED` of, for any answer but 2xx; what broke the body
 */
export async function sendToEngine(
  docker: Docker,
  message: EngineMessage,
  request: EngineRequest,
): Promise<IncomingMessage> {
  const sent = startRequest(docker, message, request);
  const response = await answerTo(sent, message.body);
  const { statusCode = 0 } = response;
  if (statusCode >= 200 && statusCode < 300) return response;
  const body = await buffer(response);
  // It may not have read all of the body.
  if (message.body !== undefined) sent.destroy();
  throw refusal(statusCode, body);
}

/** What `asking` makes an `ENGINE_REQUEST_FAILED` of. */
export function refusal(statusCode: number, body: Buffer): Error {
  return Object.assign(new Error(`HTTP status ${statusCode}`), { statusCode, json: readJson(body) });
}

function startRequest(docker: Docker, message: EngineMessage, request: EngineRequest): ClientRequest {
  const { agent, version } = docker.modem as unknown as { agent: Agent; version?: string };
  return httpRequest({
    agent,
    host: "engine",
    method: message.method,
    path: `${version === undefined ? "" : `/${version}`}${message.path}`,
    headers: { ...message.headers, ...(message.body === undefined && { "Content-Length": "0" }) },
    ...(request.abort.abortSignal !== undefined && { signal: request.abort.abortSignal }),
  });
}

function answerTo(sent: ClientRequest, body: Readable | undefined): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    let failure: unknown;
    const note = (error: unknown) => {
      failure ??= error;
      if (sent.closed) reject(failure);
    };
    // The engine may answer, with a refusal, before it has read all: then the answer counts.
    sent.on("error", note).once("response", (answer: IncomingMessage) => {
      // What broke the connection, where the answer itself would only say that it did.
      sent.on("error", (error) => answer.destroy(error));
      resolve(answer);
    });
    sent.once("close", () => reject(failure ?? new Error("the connection was closed")));
    if (body === undefined) sent.end();
    else pipeline(body, sent).catch(note);
  });
}

function readJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString());
  } catch {
    return body;
  }
}
