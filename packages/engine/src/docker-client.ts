import type { Agent } from "node:http";
import Modem from "docker-modem";
import type Docker from "dockerode";
import Container from "dockerode/lib/container.js";
import Image from "dockerode/lib/image.js";

/**
 * What is used of dockerode, without its entry: that one loads gRPC and protocol buffers for builds that are not ours,
 * which took most of the time of a short command. A method that is not here is missing when it runs.
 */
export function createDockerClient(agent: Agent, apiVersion: string | undefined): Docker {
  // Given in full, so that docker-modem takes nothing from the process's DOCKER_* variables.
  const options = { protocol: "http", host: "engine", port: 80, timeout: 0, headers: {}, agent } as const;
  const modem = new Modem({ ...options, ...(apiVersion !== undefined && { version: `v${apiVersion}` }) });
  modem.Promise = Promise;
  const get = (path: string, query: object = {}, isStream = false) => dial(modem, { path, options: query, isStream });
  const client = {
    modem,
    getContainer: (id: string) => new Container(modem, id),
    getImage: (name: string) => new Image(modem, name),
    version: (query?: object) => get("/version?", query),
    info: (query?: object) => get("/info?", query),
    listContainers: (query?: object) => get("/containers/json?", query),
    getEvents: (query?: object) => get("/events?", query, true),
  };
  return client as unknown as Docker;
}

interface Call {
  readonly path: string;
  /** What goes into the query, and `abortSignal`. */
  readonly options: { readonly abortSignal?: AbortSignal };
  readonly isStream: boolean;
}

function dial(modem: Modem, call: Call): Promise<unknown> {
  const { abortSignal } = call.options;
  const options = {
    ...call,
    method: "GET",
    // Its own: docker-modem deletes the signal from it.
    options: { ...call.options },
    ...(abortSignal !== undefined && { abortSignal }),
    statusCodes: { 200: true },
  };
  return new Promise((resolve, reject) => {
    modem.dial(options as Parameters<Modem["dial"]>[0], (error: unknown, answer: unknown) =>
      error ? reject(error as Error) : resolve(answer),
    );
  });
}
