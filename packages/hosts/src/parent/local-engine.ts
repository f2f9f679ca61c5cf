import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { OttoError } from "@otto/errors";
import { readSocket, usualSocket } from "./engine-address.js";

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The socket of the engine that `docker` on this machine asks: by `DOCKER_HOST`, else by its context.
 * @param host names this machine in messages
 * @throws OttoError `HOST_ENGINE_NOT_LOCAL` when that is none of this machine's sockets
 */
export function findLocalSocket(host: string, env: Environment): string {
  if (env.DOCKER_HOST) return requireSocket(host, "DOCKER_HOST", env.DOCKER_HOST);
  const directory = env.DOCKER_CONFIG || join(env.HOME ?? "/", ".docker");
  const context = env.DOCKER_CONTEXT || readJson<DockerConfig>(join(directory, "config.json"))?.currentContext;
  if (!context || context === "default" || typeof context !== "string") return usualSocket;
  const id = createHash("sha256").update(context).digest("hex");
  const known = readJson<DockerContext>(join(directory, "contexts", "meta", id, "meta.json"));
  return requireSocket(host, `the docker context ${context}`, known?.Endpoints?.docker?.Host);
}

interface DockerConfig {
  readonly currentContext?: unknown;
}

interface DockerContext {
  readonly Endpoints?: { readonly docker?: { readonly Host?: string } };
}

/** Undefined for a file that docker passes over: one that is missing, or no JSON. */
function readJson<T>(path: string): T | undefined {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as T;
  } catch {
    return undefined;
  }
}

function requireSocket(host: string, source: string, address: string | undefined): string {
  const socket = address === undefined ? undefined : readSocket(address);
  if (socket !== undefined) return socket;
  const what = address === undefined ? "is not known" : `names ${address}`;
  throw new OttoError(
    "HOST_ENGINE_NOT_LOCAL",
    `reaching the engine of ${host}: ${source} ${what}, and this machine's engine is reached by its socket`,
    {
      hint: "Set DOCKER_HOST=unix:///var/run/docker.sock, or add the machine with that engine to a lab, to reach it by SSH.",
      details: { host },
    },
  );
}
