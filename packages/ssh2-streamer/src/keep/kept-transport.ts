import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { ConnectGate } from "../route/connect-gate.js";
import type { SshEndpoint, SshRoute } from "../route/endpoint.js";
import type { SshEvent } from "../route/event.js";
import type { Connection, ConnectRequest, Transport } from "../transport/transport.js";
import { attachToKeeper } from "./keeper-client.js";
import { findKeeperDirectory } from "./keeper-directory.js";
import { readRecord, recordPathIn } from "./keeper-record.js";
import { keeperProtocol } from "./keeper-wire.js";
import { describeRoute, fingerprintOf } from "./route-description.js";
import { keeperProgram, startKeeper } from "./start-keeper.js";

export interface KeepSetting {
  /** From the first hop to the endpoint of the transport. */
  readonly route: SshRoute;
  /** What connects where nothing is to be kept. */
  readonly plain: Transport;
  /** Where keepers may be found: the first one that will do. */
  readonly directories: readonly string[];
  /** Runs the connecting through hops; without hops, whoever calls the transport does that. */
  readonly connectGate: ConnectGate | undefined;
}

/** How often another keeper may end, or be faster, while one is looked for. */
const mostTries = 3;

/**
 * A transport that takes up the connection of an earlier session, and leaves its own to the next one. Whatever stands in the way of
 * that, the connection is made as without. Further connections are made so too: they are there because the first one is full.
 */
export function createKeptTransport(setting: KeepSetting): Transport {
  const { route, plain } = setting;
  let kept: Connection | undefined;
  return async (request) => {
    if (kept?.isOpen) return plain(request);
    for (const { authorize } of route) authorize?.();
    const found = await connectKept(setting, request);
    if (!("notKept" in found)) {
      kept = found;
      return found;
    }
    request.onEvent({ type: "ssh.connection-not-kept", hop: request.endpoint.name, cause: found.notKept });
    return plain(request);
  };
}

interface NotKept {
  readonly notKept: string;
}

async function connectKept(setting: KeepSetting, request: ConnectRequest): Promise<Connection | NotKept> {
  const { endpoint, env, signal, onEvent } = request;
  const directory = await findKeeperDirectory(setting.directories);
  if (directory === undefined)
    return { notKept: `no directory of ${setting.directories.join(", ")} is this user's alone` };
  const version = await readVersion();
  for (let tries = 0; tries < mostTries; tries += 1) {
    const path = recordPathIn(directory, fingerprintOf(await describeRoute(setting.route, { env, version })));
    const record = await readRecord(path);
    const { connectTimeoutMs = 20_000 } = endpoint;
    const attach = (to: typeof record) =>
      to === undefined ? "gone" : attachToKeeper(endpoint, { directory, record: to, signal }, connectTimeoutMs);
    const attached = await attach(record);
    if (typeof attached === "object") {
      onEvent({ type: "ssh.kept-connection-used", hop: endpoint.name });
      return attached;
    }
    if (attached === "stuck") return { notKept: "the process that keeps the connection does not answer" };
    const started = await start(setting, request, { directory, version });
    if (started === "taken") continue;
    if ("error" in started) return { notKept: started.error.message };
    const own = await attach(started.record);
    if (typeof own === "object") return own;
  }
  return { notKept: "the processes that keep it end one after another" };
}

function start(
  { route, connectGate }: KeepSetting,
  { env, signal, onEvent, onPrompt, depth }: ConnectRequest,
  keeper: { readonly directory: string; readonly version: string },
): ReturnType<typeof startKeeper> {
  const report = (event: SshEvent) => {
    if (event.type === "ssh.host-key-learned") reportLearned(route, event);
    onEvent(event);
  };
  const run = () => startKeeper({ route, env, signal, onEvent: report, onPrompt, ...keeper });
  return depth === 0 || connectGate === undefined ? run() : connectGate(run);
}

function reportLearned(route: SshRoute, { key }: Extract<SshEvent, { readonly type: "ssh.host-key-learned" }>): void {
  const learn = ({ hostKey }: SshEndpoint) => ("pin" in hostKey ? undefined : hostKey.learn);
  const endpoint = route.find((it) => it.name === key.hop && learn(it)?.file === key.file);
  if (endpoint !== undefined) learn(endpoint)?.onLearned?.(key);
}

/** Of this program: another one's connections are not used. */
async function readVersion(): Promise<string> {
  const digest = createHash("sha256")
    .update(await readFile(keeperProgram))
    .digest("hex");
  return [keeperProtocol, process.version, keeperProgram, digest].join(" ");
}
