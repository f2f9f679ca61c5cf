import type { Readable } from "node:stream";
import type Docker from "dockerode";
import { type EngineMessage, sendToEngine } from "./engine-message.js";
import type { EngineRequest } from "./engine-request.js";

export interface BuildRequest extends Pick<EngineMessage, "headers" | "body"> {
  /** The query of `POST /build`; a list is a parameter for each item, an object goes as JSON. */
  readonly parameters: Readonly<Record<string, string | number | boolean | readonly string[] | object>>;
}

/** Starts a build; what comes back are JSON lines. */
export function postBuild(
  docker: Docker,
  { parameters, ...message }: BuildRequest,
  request: EngineRequest,
): Promise<Readable> {
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries(parameters)) {
    if (Array.isArray(value)) for (const item of value) query.append(key, String(item));
    else query.set(key, typeof value === "object" ? JSON.stringify(value) : String(value));
  }
  return sendToEngine(docker, { method: "POST", path: `/build?${query.toString()}`, ...message }, request);
}
