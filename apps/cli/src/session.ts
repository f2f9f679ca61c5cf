import type { Lab, Repo } from "@otto/docker";
import type { GlobalOptions } from "./arguments/global-options.js";
import type { Invocation } from "./invocation.js";
import type { Reporter } from "./output/reporter.js";
import type { TraceRequest, Tracing } from "./tracing.js";

/** What a command works with. */
export interface Session extends SessionOptions, AsyncDisposable {
  /** All repos; read once. */
  repos(): Promise<readonly Repo[]>;
  /**
   * The lab of `--lab` with its repos; read once, closed with the session.
   * @param options of the first call count. `asks`: whether a person is asked for what logins need; default true
   */
  lab(options?: { readonly asks?: boolean }): Promise<Lab>;
  /** Records what the command does, before it opens the lab; nothing where no file is named, or in a dry run. */
  startTrace(request: TraceRequest): Promise<void>;
  /** The recording, where there is one. */
  readonly tracing: Tracing | undefined;
  /** Writes the trace, once the session is disposed. */
  finishTrace(exitCode: number): Promise<void>;
}

export interface SessionOptions {
  readonly options: GlobalOptions;
  readonly invocation: Invocation;
  readonly reporter: Reporter;
  /** Aborts on the first signal. */
  readonly signal: AbortSignal;
}

/** Reads nothing before a command asks; what reads it is loaded then too. */
export function createSession(given: SessionOptions): Session {
  let repos: Promise<readonly Repo[]> | undefined;
  let lab: Promise<Lab> | undefined;
  let tracing: Tracing | undefined;
  return {
    ...given,
    repos: () => (repos ??= readRepos(given)),
    lab: ({ asks = true } = {}) => (lab ??= openLab({ ...given, asks, tracing })),
    async startTrace(request) {
      const { trace } = request;
      if (trace === undefined || given.options.dryRun) return;
      const { startTracing } = await import("./tracing.js");
      tracing = startTracing({ invocation: given.invocation, request: { ...request, trace } });
    },
    get tracing() {
      return tracing;
    },
    async finishTrace(exitCode) {
      const file = await tracing?.finish(exitCode);
      if (file !== undefined) given.reporter.notice("info", `trace: ${file}`);
    },
    async [Symbol.asyncDispose]() {
      await (await lab?.catch(() => undefined))?.[Symbol.asyncDispose]();
    },
  };
}

async function readRepos({ invocation }: SessionOptions): Promise<readonly Repo[]> {
  const { loadRepos } = await import("./repos-loading.js");
  return loadRepos(invocation);
}

/** What a session opens its lab with; `signal` withdraws questions, too. */
export interface SessionLabOptions extends SessionOptions {
  /** Whether a person is asked for what logins need. */
  readonly asks: boolean;
  readonly tracing: Tracing | undefined;
}

async function openLab(given: SessionLabOptions): Promise<Lab> {
  const { openSessionLab } = await import("./session-lab.js");
  return openSessionLab(given);
}
