import { createRequire } from "node:module";
import { forgetLastStat } from "@otto/errors";
import type Docker from "dockerode";
import { assertDockerodeShape } from "./dockerode-shape.js";
import type { EngineClient } from "./engine-client.js";
import { encodeReference } from "./engine-message.js";

/** What is used of dockerode, without its entry: that one loads gRPC and protocol buffers for builds that are not ours. */
export interface DockerClient {
  getContainer(id: string): Docker.Container;
  getImage(reference: string): Docker.Image;
  getExec(id: string): Docker.Exec;
}

/**
 * dockerode for calls with one signal. They go by the {@link EngineClient} and not by docker-modem, which keeps an answer of
 * any length, leaves a connection open whose answer nobody reads, follows redirects and inspects its agent at each call.
 * It is loaded at the first call, and checked.
 * @throws OttoError `ENGINE_LIBRARY_UNSUPPORTED`
 */
export async function loadDockerClient(client: EngineClient, signal: AbortSignal | undefined): Promise<DockerClient> {
  const { Container, Exec, Image } = await loadCalls();
  const modem = {
    Promise,
    dial: (call: DockerodeCall, done: (error: unknown, answer?: unknown) => void) => {
      send(client, call, signal).then((answer) => done(undefined, answer), done);
    },
  };
  return {
    getContainer: (id) => new Container(modem, encodeURIComponent(id)),
    getImage: (reference) => new Image(modem, encodeReference(reference)),
    getExec: (id) => new Exec(modem, encodeURIComponent(id)),
  };
}

let calls: ReturnType<typeof importCalls> | undefined;

function loadCalls() {
  if (calls === undefined) {
    forgetLastStat();
    calls = importCalls();
  }
  return calls;
}

async function importCalls() {
  const { Container, Exec, Image } = await import("./dockerode-calls.js");
  const parts = { Container, Exec, Image };
  assertDockerodeShape(parts, readDockerodeVersion);
  return parts;
}

function readDockerodeVersion(): string {
  try {
    const { version } = createRequire(import.meta.url)("dockerode/package.json") as { readonly version: string };
    return version;
  } catch {
    return "in this bundle";
  }
}

/** What dockerode asks of its modem. */
interface DockerodeCall {
  readonly method: "GET" | "POST" | "DELETE";
  /** Behind one that ends with a question mark, the options are the query; else they are the body of a POST. */
  readonly path: string;
  readonly options: Readonly<Record<string, string | number | object | undefined>>;
}

function send(
  client: EngineClient,
  { method, path, options }: DockerodeCall,
  signal: AbortSignal | undefined,
): Promise<unknown> {
  if (path.endsWith("?")) {
    const message = { method, path: path.slice(0, -1), query: options };
    return method === "GET" ? client.request(message, signal) : client.tell(message, signal);
  }
  return client.request({ method, path, ...(method === "POST" && { body: { json: options } }) }, signal);
}
