import { Secret } from "@otto/errors";
import type { EngineClient } from "../connection/engine-client.js";
import { callEngine, hasStatus } from "../connection/engine-error.js";
import type { EngineMessage } from "../connection/engine-message.js";
import { decodeLog, type LogEntry } from "../containers/log-entries.js";
import {
  readContent,
  readGatewayAddress,
  readMembership,
  readNetwork,
  readNode,
  readService,
  readTask,
  type SwarmContent,
  type SwarmMembership,
  type SwarmNetwork,
  type SwarmNode,
  type SwarmService,
  type SwarmTask,
} from "./swarm-objects.js";

export type ContentKind = "config" | "secret";

/** A config or secret that is to be made. */
export interface NewContent {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly data: Secret;
}

/**
 * The swarm that an engine manages. All but `membership` fail with `ENGINE_REQUEST_FAILED` (status 503) where the engine is no
 * manager. What is listed has the label `label`, `key` or `key=value`; undefined: all is.
 */
export interface SwarmApi {
  membership(signal?: AbortSignal): Promise<SwarmMembership>;
  nodes(signal?: AbortSignal): Promise<SwarmNode[]>;
  services(label: string | undefined, signal?: AbortSignal): Promise<SwarmService[]>;
  /** Also those that have ended and are remembered. @param filter `service`: its name */
  tasks(
    filter: { readonly label?: string | undefined; readonly service?: string | undefined },
    signal?: AbortSignal,
  ): Promise<SwarmTask[]>;
  contents(kind: ContentKind, label: string | undefined, signal?: AbortSignal): Promise<SwarmContent[]>;
  networks(label: string, signal?: AbortSignal): Promise<SwarmNetwork[]>;
  /**
   * Where this engine's machine, a manager or not, reaches the container of a task: addresses of its networks mean nothing
   * there. Undefined: nowhere, as on an internal network.
   */
  taskAddress(container: string, signal?: AbortSignal): Promise<string | undefined>;
  /** @returns its id; undefined: there is one of this name */
  createContent(kind: ContentKind, content: NewContent, signal?: AbortSignal): Promise<string | undefined>;
  /** What is not there is fine. */
  removeContent(kind: ContentKind, id: string, signal?: AbortSignal): Promise<void>;
  /** As {@link removeContent}. */
  removeService(id: string, signal?: AbortSignal): Promise<void>;
  /** As {@link removeContent}. */
  removeNetwork(id: string, signal?: AbortSignal): Promise<void>;
  /** The last lines that a task wrote, wherever it runs. */
  readTaskLog(
    task: Pick<SwarmTask, "id" | "tty">,
    range: { readonly tail: number },
    signal?: AbortSignal,
  ): AsyncGenerator<readonly LogEntry[]>;
}

type GetClient = (signal: AbortSignal | undefined) => Promise<EngineClient>;

/** By it, each node's containers reach what is outside of the swarm. */
const gatewayBridge = "docker_gwbridge";

const paths = { config: "/configs", secret: "/secrets" } as const;

export function createSwarmApi(client: GetClient): SwarmApi {
  const list = async <T>(
    [what, message]: readonly [string, Pick<EngineMessage, "path" | "query">],
    read: (one: unknown) => T,
    signal: AbortSignal | undefined,
  ): Promise<T[]> => {
    const asked = await client(signal);
    return callEngine(asked, { doing: `listing ${what}`, signal }, async () => {
      const answer = await asked.request<unknown>({ method: "GET", ...message }, signal);
      return (Array.isArray(answer) ? answer : []).map(read);
    });
  };
  const remove = async (what: string, path: string, signal: AbortSignal | undefined): Promise<void> => {
    const asked = await client(signal);
    await callEngine(asked, { doing: `removing ${what}`, signal }, async () => {
      try {
        await asked.tell({ method: "DELETE", path }, signal);
      } catch (error) {
        if (!hasStatus(error, 404)) throw error;
      }
    });
  };
  return {
    async membership(signal) {
      const asked = await client(signal);
      return callEngine(asked, { doing: "asking for the swarm", signal }, async () =>
        readMembership(await asked.request({ method: "GET", path: "/info" }, signal)),
      );
    },
    nodes: (signal) => list(["the nodes of the swarm", { path: "/nodes" }], readNode, signal),
    services: (label, signal) =>
      list(
        ["services of the swarm", { path: "/services", query: { filters: labelled(label), status: true } }],
        readService,
        signal,
      ),
    tasks: ({ label, service }, signal) => {
      const filters = { ...labelled(label), ...(service === undefined ? {} : { service: [service] }) };
      return list(["tasks of the swarm", { path: "/tasks", query: { filters } }], readTask, signal);
    },
    contents: (kind, label, signal) =>
      list([`${kind}s of the swarm`, { path: paths[kind], query: { filters: labelled(label) } }], readContent, signal),
    networks: (label, signal) =>
      list(["networks", { path: "/networks", query: { filters: labelled(label) } }], readNetwork, signal),
    async taskAddress(container, signal) {
      const asked = await client(signal);
      return callEngine(asked, { doing: "looking for the bridge of the swarm", signal }, async () => {
        try {
          const message = { method: "GET", path: `/networks/${gatewayBridge}` } as const;
          return readGatewayAddress(await asked.request<object>(message, signal), container);
        } catch (error) {
          if (hasStatus(error, 404)) return undefined;
          throw error;
        }
      });
    },
    async createContent(kind, { name, labels, data }, signal) {
      const asked = await client(signal);
      const json = { Name: name, Labels: labels, Data: Buffer.from(data.revealBytes()).toString("base64") };
      const call = { doing: `creating the ${kind} ${name}`, signal, secrets: [data, new Secret(json.Data)] };
      return callEngine(asked, call, async () => {
        try {
          const message = { method: "POST", path: `${paths[kind]}/create`, body: { json } } as const;
          return readContent(await asked.request<object>(message, signal)).id;
        } catch (error) {
          if (hasStatus(error, 409)) return undefined;
          throw error;
        }
      });
    },
    removeContent: (kind, id, signal) => remove(`the ${kind} ${id}`, `${paths[kind]}/${id}`, signal),
    removeService: (id, signal) => remove(`the service ${id}`, `/services/${id}`, signal),
    removeNetwork: (id, signal) => remove(`the network ${id}`, `/networks/${id}`, signal),
    async *readTaskLog({ id, tty }, { tail }, signal) {
      const asked = await client(signal);
      const query = { stdout: true, stderr: true, timestamps: true, tail };
      const message = { method: "GET", path: `/tasks/${id}/logs`, query } as const;
      const call = { doing: `reading the log of the task ${id}`, signal };
      const source = await callEngine(asked, call, () => asked.stream(message, signal));
      try {
        yield* decodeLog(source, { tty });
      } finally {
        source.destroy();
      }
    },
  };
}

function labelled(label: string | undefined): { readonly label?: readonly string[] } {
  return label === undefined ? {} : { label: [label] };
}
