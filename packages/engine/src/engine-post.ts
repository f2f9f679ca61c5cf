import { type Agent, request as httpRequest, type IncomingMessage } from "node:http";
import { buffer } from "node:stream/consumers";
import type Docker from "dockerode";
import type { EngineRequest } from "./engine-request.js";

export interface EnginePost {
  /** With its query, as `/images/create?fromImage=a`. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * A `POST` without a body whose headers hold credentials. Not by docker-modem: `DEBUG=modem` has it print them.
 * @throws what `asking` makes an `ENGINE_REQUEST_FAILED` of, for any answer but 2xx
 */
export async function postToEngine(docker: Docker, post: EnginePost, request: EngineRequest): Promise<IncomingMessage> {
  const response = await send(docker, post, request);
  const { statusCode = 0 } = response;
  if (statusCode >= 200 && statusCode < 300) return response;
  throw Object.assign(new Error(`HTTP status ${statusCode}`), { statusCode, json: readJson(await buffer(response)) });
}

function send(docker: Docker, { path, headers }: EnginePost, request: EngineRequest): Promise<IncomingMessage> {
  const { agent, version } = docker.modem as unknown as { agent: Agent; version?: string };
  const options = {
    agent,
    host: "engine",
    method: "POST",
    path: `${version === undefined ? "" : `/${version}`}${path}`,
    headers: { ...headers, "Content-Length": "0" },
    ...(request.abort.abortSignal !== undefined && { signal: request.abort.abortSignal }),
  };
  return new Promise((resolve, reject) => {
    httpRequest(options).once("response", resolve).once("error", reject).end();
  });
}

function readJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString());
  } catch {
    return body;
  }
}
