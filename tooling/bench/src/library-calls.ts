import { createReadStream } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import type { DockerContainerHost, Parent } from "@otto/hosts";
import type { SshRoute, SshSession } from "ssh2-streamer";
import { type Calls, inTurn } from "./calls.js";
import type { Route } from "./link.js";
import { median } from "./statistics.js";
import { openFilesOf } from "./watch-processes.js";

export interface Question {
  readonly method: string;
  readonly args: readonly unknown[];
}

export type Answer = { readonly ms: number; readonly output: unknown } | { readonly failed: string };

/** What a call came to. Its time is measured where it is made. */
interface Timed<Output> {
  readonly ms: number;
  readonly output: Output;
}

/** A container of a stack, on the parent of a route or, without one, on this machine's engine. */
export interface ContainerName {
  readonly project: string;
  readonly service: string;
}

export type LibraryCalls = ReturnType<typeof createLibraryCalls>;

type Transport = "ssh2" | "openssh";

const chunk = Buffer.alloc(1 << 20);
const docker = { command: ["docker"], stagingRoot: undefined };

/** The calls that rows measure, made with the packages of the checkout at `root`. */
export function createLibraryCalls(root: string) {
  const load = (name: string) => import(join(root, "packages", name, "dist/index.js"));
  const loadHosts = (): Promise<typeof import("@otto/hosts")> => load("hosts");
  const loadDocker = (): Promise<typeof import("@otto/docker")> => load("docker");
  const loadSsh = (): Promise<typeof import("ssh2-streamer")> => load("ssh2-streamer");
  const loadContext = (): Promise<typeof import("@otto/context")> => load("context");
  const parents = new Map<string, Parent>();
  const sessions = new Map<string, SshSession>();
  const containers = new Map<string, DockerContainerHost>();

  const parentOf = async (route: Route): Promise<Parent> => {
    const { createSshParent } = await loadHosts();
    const made = parents.get(route.name);
    const parent =
      made ?? createSshParent({ id: route.name, route: endpointsOf(route), docker, socketPath: undefined });
    parents.set(route.name, parent);
    return parent;
  };
  const containerOf = async (route: Route, { project, service }: ContainerName) => {
    const { DockerContainerHost } = await loadHosts();
    const parent = await parentOf(route);
    const id = `${route.name}.${project}.${service}`;
    const made = containers.get(id);
    const host = made ?? new DockerContainerHost({ id, project, service, replica: 1, engine: parent.engine });
    containers.set(id, host);
    return host;
  };
  const sessionOf = async (route: Route, transport: Transport): Promise<SshSession> => {
    const key = `${route.name} ${transport}`;
    const made = sessions.get(key);
    if (made !== undefined) return made;
    const { openSshSession } = await loadSsh();
    const session = openSshSession(endpointsOf(route, transport));
    sessions.set(key, session);
    await session.connect();
    return session;
  };

  return {
    /** A connection of its own, without a command. */
    handshake: async (route: Route) => {
      const { openSshSession } = await loadSsh();
      const session = openSshSession(endpointsOf(route));
      const result = await timeQuietly(() => session.connect());
      await session.close();
      return result;
    },
    /** Opens the connection that the other calls use. */
    connect: async (route: Route) => {
      const parent = await parentOf(route);
      return time(() => parent.exec(["true"]));
    },
    readContext: async (source: { context: string; dockerfile: string }, cacheDir: string | false) => {
      const { readContext } = await loadContext();
      const beats = startHeartbeat();
      const { ms, output } = await time(() => readContext(source, { cacheDir }));
      return { ms, output: { hash: output.hash, heldMs: beats.stop() } };
    },
    execInContainer: async (route: Route, name: ContainerName, calls: Calls) => {
      const host = await containerOf(route, name);
      return timeEach(calls, () => host.exec(["true"]));
    },
    execManyInContainer: async (route: Route, name: ContainerName, count: number) => {
      const host = await containerOf(route, name);
      const all = await time(() => Promise.all(Array.from({ length: count }, () => host.exec(["true"]))));
      return { ms: all.ms, output: all.output.map(({ exitCode }) => exitCode) };
    },
    runInContainer: async (route: Route, name: ContainerName, calls: Calls) => {
      const host = await containerOf(route, name);
      return timeEach(calls, () => host.run("true"));
    },
    putInContainer: async (route: Route, name: ContainerName, [from, to]: readonly [string, string]) => {
      const host = await containerOf(route, name);
      return timeQuietly(() => host.put(from, to));
    },
    getFromContainer: async (route: Route, name: ContainerName, [from, to]: readonly [string, string]) => {
      const host = await containerOf(route, name);
      return timeQuietly(() => host.get(from, to));
    },
    putOnParent: async (route: Route, [from, to]: readonly [string, string]) => {
      const parent = await parentOf(route);
      return timeQuietly(() => parent.put(from, to));
    },
    getFromParent: async (route: Route, [from, to]: readonly [string, string]) => {
      const parent = await parentOf(route);
      return timeQuietly(() => parent.get(from, to));
    },
    /** Runs `true` on every parent of the lab of the repository in `directory`. */
    fanOut: async (directory: string, env: NodeJS.ProcessEnv) => {
      const { openLab } = await loadDocker();
      return time(async () => {
        await using lab = await openLab({ cwd: directory, env: { ...process.env, ...env } });
        const ended = await lab.eachParent("all", (parent) => parent.exec(["true"]));
        return { exitCodes: ended.map(({ exitCode }) => exitCode), openFiles: openFilesOf(process.pid) };
      });
    },
    connectAndExec: async (route: Route, transport: Transport) => {
      const { openSshSession } = await loadSsh();
      const session = openSshSession(endpointsOf(route, transport));
      const result = await time(async () => {
        await session.connect();
        return (await session.exec(["true"])).exitCode;
      });
      await session.close();
      return result;
    },
    execOnParent: async (route: Route, transport: Transport, count: number) => {
      const session = await sessionOf(route, transport);
      return time(async () => {
        let failed = 0;
        for (let call = 0; call < count; call += 1) failed += (await session.exec(["true"])).exitCode;
        return failed;
      });
    },
    sendZeros: async (route: Route, transport: Transport, bytes: number) => {
      const session = await sessionOf(route, transport);
      return time(async () => (await session.exec(["wc", "-c"], { stdin: zeros(bytes) })).stdout.toString().trim());
    },
    receiveZeros: async (route: Route, transport: Transport, bytes: number) => {
      const session = await sessionOf(route, transport);
      return time(async () => {
        const started = await session.spawn(["head", "-c", String(bytes), "/dev/zero"]);
        started.stderr.resume();
        let received = 0;
        for await (const data of started.stdout) received += (data as Buffer).length;
        return String(received);
      });
    },
    sendTree: async (route: Route, archive: string, target: string) => {
      const session = await sessionOf(route, "ssh2");
      return timeQuietly(() => session.sendTree(createReadStream(archive), target));
    },
    close: async () => {
      for (const host of containers.values()) await host[Symbol.asyncDispose]();
      for (const parent of parents.values()) await parent[Symbol.asyncDispose]();
      for (const session of sessions.values()) await session.close();
      return { ms: 0, output: undefined };
    },
  };
}

function endpointsOf({ machines, login }: Route, transport: Transport = "ssh2"): SshRoute {
  const credentials = [{ username: login.user, privateKeys: [{ path: login.privateKeyPath }] }] as const;
  const hostKey = { knownHosts: [login.knownHostsPath] };
  const [first, ...others] = machines.map(({ name, port }) => {
    return { name, host: login.address, port, credentials, hostKey, transport };
  });
  if (first === undefined) throw new Error("bench: a route without a machine");
  return [first, ...others];
}

async function time<Output>(work: () => Promise<Output>): Promise<Timed<Output>> {
  const startedAt = performance.now();
  const output = await work();
  return { ms: performance.now() - startedAt, output };
}

async function timeQuietly(work: () => Promise<unknown>): Promise<Timed<undefined>> {
  return { ms: (await time(work)).ms, output: undefined };
}

/** The middle one of the calls, and the exit codes of all. */
async function timeEach(calls: Calls, call: () => Promise<{ readonly exitCode: number }>): Promise<Timed<number[]>> {
  const timed: Timed<{ readonly exitCode: number }>[] = [];
  for await (const _ of inTurn(calls)) timed.push(await time(call));
  return { ms: median(timed.map(({ ms }) => ms)), output: timed.map(({ output }) => output.exitCode) };
}

function zeros(bytes: number): Readable {
  let left = bytes;
  return new Readable({
    highWaterMark: chunk.length,
    read() {
      const size = Math.min(left, chunk.length);
      left -= size;
      this.push(size === 0 ? null : chunk.subarray(0, size));
    },
  });
}

const beatMs = 2;

/** `stop` answers with the longest time for which the event loop was held up. */
function startHeartbeat(): { stop(): number } {
  let last = performance.now();
  let longest = 0;
  const beat = () => {
    const now = performance.now();
    longest = Math.max(longest, now - last - beatMs);
    last = now;
  };
  const timer = setInterval(beat, beatMs);
  return {
    stop: () => {
      beat();
      clearInterval(timer);
      return longest;
    },
  };
}
