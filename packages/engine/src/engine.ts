import type { IncomingHttpHeaders } from "node:http";
import type { Readable } from "node:stream";
import { cleanText, OttoError, SingleFlight, withListener } from "@otto/errors";
import pLimit from "p-limit";
import { buildImage, type TarBuildOptions } from "./build/build-image.js";
import type { SessionBuildOptions } from "./buildkit/session.js";
import { isOlder } from "./connection/api-version.js";
import { ChannelAgent, type DialEngine } from "./connection/channel-agent.js";
import { EngineClient } from "./connection/engine-client.js";
import { callEngine } from "./connection/engine-error.js";
import { type OwnWords, ourApiVersion, readOwnWords } from "./connection/spoken-version.js";
import {
  type ContainerPath,
  type PathStat,
  readArchive,
  statPath,
  writeArchive,
} from "./containers/container-archive.js";
import { type ContainerEvent, watchContainers } from "./containers/container-events.js";
import {
  type ContainerDetails,
  type ContainerFilter,
  type ContainerSummary,
  inspectContainer,
  listContainers,
} from "./containers/containers.js";
import { type ContainerProcess, type ExecOptions, execDetached, execInContainer } from "./containers/exec.js";
import type { LogEntry } from "./containers/log-entries.js";
import { type LogRange, readLog } from "./containers/logs.js";
import { type StartOptions, startContainer, waitContainer } from "./containers/start.js";
import { findDigest } from "./images/image-digest.js";
import { type PullOptions, pullImage, pushImage, type TransferOptions } from "./images/image-transfer.js";
import { type ImageInfo, inspectImage, removeImage, tagImage } from "./images/images.js";
import { createSwarmApi, type SwarmApi } from "./swarm/swarm-api.js";

export interface EngineVersion {
  /** `Docker`, or the name that another engine gives itself, as `Podman Engine`. */
  readonly product: string;
  /** Of the engine, as `26.1.5`. */
  readonly version: string;
  /** Highest API version that it speaks, as `1.45`. */
  readonly apiVersion: string;
  /** Whether that is 1.41 (Docker 20.10) or later. With another engine, calls fail with `ENGINE_TOO_OLD`. */
  readonly isSupported: boolean;
  readonly hasBuildKit: boolean;
  /** Of the engine's machine, as Go names it: `amd64`. */
  readonly architecture: string;
}

/** A Docker engine. Every call takes a signal and may run beside any other. */
export interface Engine extends AsyncDisposable {
  /** The swarm that it manages. */
  readonly swarm: SwarmApi;
  version(signal?: AbortSignal): Promise<EngineVersion>;
  /** What the clock of the engine's machine says. */
  time(signal?: AbortSignal): Promise<Date>;
  inspectImage(reference: string, signal?: AbortSignal): Promise<ImageInfo | undefined>;
  tagImage(names: { source: string; target: string }, signal?: AbortSignal): Promise<void>;
  removeImage(reference: string, signal?: AbortSignal): Promise<void>;
  /** Takes an image from its registry; false when the registry does not have it. */
  pullImage(options: PullOptions, signal?: AbortSignal): Promise<boolean>;
  /** Brings an image to its registry; its digest there. */
  pushImage(options: TransferOptions, signal?: AbortSignal): Promise<string | undefined>;
  /** Asks a registry which image a name means now: `busybox:latest@sha256:…`. */
  findDigest(image: Pick<TransferOptions, "reference" | "credentials">, signal?: AbortSignal): Promise<string>;
  /** Whether the engine builds with BuildKit: Docker on Linux does, Podman does not. Asked once. */
  hasBuildKit(signal?: AbortSignal): Promise<boolean>;
  /** Builds with BuildKit, sending what the engine asks for. */
  buildWithSession(options: SessionBuildOptions, signal?: AbortSignal): Promise<void>;
  /** Builds a context that is sent whole, with the engine's own builder. */
  buildImage(tar: Readable, options: TarBuildOptions, signal?: AbortSignal): Promise<void>;
  listContainers(filter?: ContainerFilter, signal?: AbortSignal): Promise<ContainerSummary[]>;
  inspectContainer(id: string, signal?: AbortSignal): Promise<ContainerDetails | undefined>;
  /** What is at `path` in a container, running or not; undefined: nothing. */
  statPath(target: ContainerPath, signal?: AbortSignal): Promise<PathStat | undefined>;
  /** A tar stream of what is at `path`. The caller reads it to its end, or destroys it, and checks that its end is there. */
  readArchive(target: ContainerPath, signal?: AbortSignal): Promise<Readable>;
  /** Unpacks a tar stream in the directory `path`, in place. */
  writeArchive(target: ContainerPath, tar: Readable, signal?: AbortSignal): Promise<void>;
  /** Listens to the containers with these labels; resolves when the engine tells. @param more actions beside their lives' */
  watchContainers(
    labels: readonly string[],
    signal?: AbortSignal,
    more?: readonly "health_status"[],
  ): Promise<AsyncIterable<ContainerEvent>>;
  /** A container's log: its entries, as many at a time as have come. */
  readLog(
    container: { id: string; tty: boolean },
    range: LogRange,
    signal?: AbortSignal,
  ): AsyncIterable<readonly LogEntry[]>;
  exec(
    container: string,
    command: readonly string[],
    options?: ExecOptions & { signal?: AbortSignal | undefined },
  ): Promise<ContainerProcess>;
  /** Waits until a container has stopped; resolves to its exit code. */
  waitContainer(container: string, signal?: AbortSignal): Promise<number>;
  /** Starts a container that was created, joined with its main process from the first byte; `exit` settles when it has ended. */
  startContainer(container: string, options: StartOptions, signal?: AbortSignal): Promise<ContainerProcess>;
  /** Starts a command without attaching to it; resolves when it runs. */
  execDetached(
    container: string,
    command: readonly string[],
    options?: ExecOptions & { signal?: AbortSignal | undefined },
  ): Promise<void>;
}

// More than about 20 exec starts at once collapse the engine; 8 is the fastest.
const execStartsAtOnce = 8;
const oldestApiVersion = "1.41";

/**
 * The engine behind `dial`. Nothing is opened before the first call; dispose it to close its streams.
 * @param options.name names the engine in messages
 */
export function createEngine(options: { name: string; dial: DialEngine }): Engine {
  const agent = new ChannelAgent(options.dial);
  const startGate = pLimit(execStartsAtOnce);
  const unversioned = new EngineClient({ name: options.name, agent });
  const negotiation = new SingleFlight((signal) => negotiate(unversioned, agent, signal));
  let negotiated: Negotiated | undefined;

  const negotiateOnce = async (signal: AbortSignal | undefined) => {
    signal?.throwIfAborted();
    negotiated ??= await negotiation.do(signal);
    return negotiated;
  };
  const client = async (signal: AbortSignal | undefined) => (await negotiateOnce(signal)).client;
  /**
   * For what changes nothing: the first question is asked by our version, and its answer says whether the engine speaks it; only
   * where it does not, or does not say, is the engine asked for its version, and the question is asked again. An engine that
   * has left our version behind answers 400.
   */
  const ask = async <T>(
    signal: AbortSignal | undefined,
    question: (client: EngineClient) => Promise<T>,
  ): Promise<T> => {
    if (negotiated !== undefined) return question(negotiated.client);
    signal?.throwIfAborted();
    let isHeard = false;
    let words: OwnWords | undefined;
    const onHeaders = (headers: IncomingHttpHeaders, status: number) => {
      isHeard = true;
      words = status === 400 ? undefined : readOwnWords(headers);
    };
    const { name } = unversioned;
    const asked = question(new EngineClient({ name, agent, apiVersion: ourApiVersion, onHeaders }));
    await asked.catch(() => {});
    if (isHeard && words === undefined) return question(await client(signal));
    if (words !== undefined)
      negotiated ??= { client: new EngineClient({ name, agent, apiVersion: ourApiVersion }), ...words };
    return asked;
  };

  return {
    swarm: createSwarmApi(client),
    version: async (signal) => describeVersion(await readVersion(unversioned, signal)),
    time: (signal) => ask(signal, (client) => readTime(client, signal)),
    inspectImage: (reference, signal) => ask(signal, (client) => inspectImage(client, reference, signal)),
    tagImage: async (names, signal) => tagImage(await client(signal), names, signal),
    removeImage: async (reference, signal) => removeImage(await client(signal), reference, signal),
    pullImage: (pull, signal) => guarded(pull, async (options) => pullImage(await client(signal), options, signal)),
    pushImage: (push, signal) => guarded(push, async (options) => pushImage(await client(signal), options, signal)),
    findDigest: async (image, signal) => findDigest(await client(signal), image, signal),
    hasBuildKit: async (signal) => (await negotiateOnce(signal)).hasBuildKit,
    buildWithSession: (build, signal) =>
      guarded(build, async (options) => {
        const { buildWithSession } = await import("./buildkit/session-build.js");
        return buildWithSession(await client(signal), options, signal);
      }),
    buildImage: (tar, build, signal) =>
      guarded(build, async (options) => buildImage(await client(signal), tar, options, signal)),
    listContainers: (filter, signal) => ask(signal, (client) => listContainers(client, filter ?? {}, signal)),
    inspectContainer: (id, signal) => ask(signal, (client) => inspectContainer(client, id, signal)),
    statPath: (target, signal) => ask(signal, (client) => statPath(client, target, signal)),
    readArchive: async (target, signal) => readArchive(await client(signal), target, signal),
    writeArchive: async (target, tar, signal) => writeArchive(await client(signal), target, tar, signal),
    watchContainers: async (labels, signal, more = []) =>
      watchContainers(await client(signal), { labels, more }, signal),
    async *readLog(container, range, signal) {
      yield* readLog(await client(signal), { container, range }, signal);
    },
    exec: async (container, command, exec = {}) =>
      execInContainer(
        await client(exec.signal),
        { container, command, options: exec },
        { signal: exec.signal, startGate },
      ),
    waitContainer: async (container, signal) => waitContainer(await client(signal), container, signal),
    startContainer: async (container, options, signal) =>
      startContainer(await client(signal), { container, options }, signal),
    execDetached: async (container, command, exec = {}) =>
      execDetached(
        await client(exec.signal),
        { container, command, options: exec },
        { signal: exec.signal, startGate },
      ),
    async [Symbol.asyncDispose]() {
      agent.destroy();
    },
  };
}

/** A listener that throws ends no transfer. */
function guarded<P, O extends { readonly onProgress?: ((progress: P) => void) | undefined }, T>(
  options: O & { readonly onProgress?: ((progress: P) => void) | undefined },
  call: (options: O) => Promise<T>,
): Promise<T> {
  return withListener(options.onProgress, (onProgress) => call({ ...options, onProgress }));
}

interface Negotiated {
  readonly client: EngineClient;
  readonly hasBuildKit: boolean;
}

async function negotiate(unversioned: EngineClient, agent: ChannelAgent, signal: AbortSignal): Promise<Negotiated> {
  const { name } = unversioned;
  const answer = await readVersion(unversioned, signal);
  const { product, version, apiVersion, isSupported, hasBuildKit } = describeVersion(answer);
  if (!isSupported) {
    throw new OttoError(
      "ENGINE_TOO_OLD",
      `${name} runs ${product} ${version} (API ${apiVersion}); API ${oldestApiVersion} is the oldest that works`,
      {
        hint: "Install Docker 20.10 or newer there.",
      },
    );
  }
  const latest = isOlder(apiVersion, ourApiVersion) ? apiVersion : ourApiVersion;
  const { MinAPIVersion: oldest = latest } = answer;
  const spoken = isOlder(latest, oldest) ? oldest : latest;
  const forgetsPids = product === "Podman Engine";
  return { client: new EngineClient({ name, agent, apiVersion: spoken, forgetsPids }), hasBuildKit };
}

/** What is used of `GET /version`. */
interface VersionAnswer {
  readonly Version: string;
  readonly ApiVersion: string;
  readonly MinAPIVersion?: string;
  readonly Os: string;
  readonly Arch: string;
  readonly Components?: readonly { readonly Name: string }[];
}

async function readVersion(client: EngineClient, signal: AbortSignal | undefined): Promise<VersionAnswer> {
  return callEngine(client, { doing: "asking for the engine's version", signal }, () =>
    client.request<VersionAnswer>({ method: "GET", path: "/version" }, signal),
  );
}

function describeVersion(answer: VersionAnswer): EngineVersion {
  const [first] = answer.Components ?? [];
  const isDocker = answer.Components?.some(({ Name }) => Name === "Engine") ?? true;
  const hasBuildKit = isDocker && answer.Os === "linux";
  const { Version: version, ApiVersion: apiVersion, Arch: architecture } = answer;
  const product = isDocker ? "Docker" : cleanText(first?.Name ?? "an unknown engine");
  const isSupported = !isOlder(apiVersion, oldestApiVersion);
  return { product, version, apiVersion, isSupported, hasBuildKit, architecture };
}

async function readTime(client: EngineClient, signal: AbortSignal | undefined): Promise<Date> {
  const { SystemTime } = await callEngine(client, { doing: "asking for the engine's time", signal }, () =>
    client.request<{ readonly SystemTime: string }>({ method: "GET", path: "/info" }, signal),
  );
  return new Date(SystemTime);
}
