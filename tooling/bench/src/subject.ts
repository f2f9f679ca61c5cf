import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Answer, LibraryCalls, Question } from "./library-calls.js";
import type { LinkName, Route } from "./link.js";
import { startCounting } from "./link-counters.js";
import { type CommandOutput, type CommandSettings, measureCommand } from "./measure-command.js";
import type { Measured } from "./measured.js";
import { forgetPeak, peakOf } from "./watch-processes.js";

/** A built checkout of otto: its command line, and its libraries in a process of their own. */
export interface Subject {
  readonly name: string;
  readonly root: string;
  /** Its own, so that no cache is shared with another subject. */
  readonly env: NodeJS.ProcessEnv;
  /** Runs `otto` with these words. */
  cli(
    words: readonly string[],
    settings: Pick<CommandSettings, "cwd" | "digest"> & Variables,
  ): Promise<Measured<CommandOutput>>;
  /** Calls a library; timed in the process that does it, and by what a repeated call took in the middle. */
  call<Name extends keyof LibraryCalls>(
    name: Name,
    ...args: Parameters<LibraryCalls[Name]>
  ): Promise<Measured<Awaited<ReturnType<LibraryCalls[Name]>>["output"]>>;
  /** What connecting takes on this link; undefined where no trips are counted. */
  handshakeTrips(link: LinkName | undefined): number | undefined;
  close(): Promise<void>;
}

export interface Variables {
  readonly variables?: NodeJS.ProcessEnv;
}

export interface SubjectSettings {
  readonly name: string;
  readonly root: string;
  readonly directory: string;
  readonly env: NodeJS.ProcessEnv;
}

export async function openSubject(settings: SubjectSettings, routes: readonly Route[]): Promise<Subject> {
  const { name, root, directory } = settings;
  mkdirSync(directory, { recursive: true });
  const env = { ...settings.env, HOME: directory, XDG_CACHE_HOME: join(directory, "cache"), OTTO_LAB: "lab" };
  const library = startLibrary(root, env);
  const trips = new Map<LinkName, number>();
  const program = join(root, "apps/cli/bin/otto.js");
  for (const route of routes.filter(({ isCounted }) => isCounted)) {
    const count = await startCounting(route);
    await library.call("handshake", [route]);
    const { roundTrips } = await count();
    await library.call("connect", [route]);
    if (roundTrips !== undefined) trips.set(route.link, roundTrips);
  }
  return {
    name,
    root,
    env,
    cli: (words, { variables, ...command }) =>
      measureCommand([process.execPath, program, ...words], { ...command, env: { ...env, ...variables } }),
    call: (method, ...args) => library.call(method, args),
    handshakeTrips: (link) => (link === undefined ? undefined : trips.get(link)),
    close: () => library.close(),
  };
}

function startLibrary(root: string, env: NodeJS.ProcessEnv) {
  const worker = fileURLToPath(new URL("library-process.js", import.meta.url));
  let child: ChildProcess | undefined;
  const start = () => fork(worker, [root], { env, serialization: "advanced" });
  return {
    async call<Output>(method: string, args: readonly unknown[]): Promise<Measured<Output>> {
      child ??= start();
      const { pid } = child;
      if (pid === undefined) throw new Error("bench: the process of the libraries did not start");
      forgetPeak(pid);
      const plain = args.map((arg) => JSON.parse(JSON.stringify(arg ?? null, withoutHosts)));
      child.send({ method, args: plain } satisfies Question);
      const [answer]: Answer[] = await once(child, "message");
      if (answer === undefined) throw new Error("bench: no answer");
      if ("failed" in answer) throw new Error(answer.failed);
      return { ms: answer.ms, output: answer.output as Output, peakBytes: peakOf(pid) };
    },
    async close() {
      if (child === undefined) return;
      const exited = once(child, "exit");
      child.send({ method: "close", args: [] } satisfies Question);
      await exited;
    },
  };
}

/** The hosts of a route are running ones: the other process needs none of them. */
function withoutHosts(key: string, value: unknown): unknown {
  return key === "entry" || key === "hosts" ? undefined : value;
}
