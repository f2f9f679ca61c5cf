import type { Lab, Repo } from "@otto/docker";
import type { GlobalOptions } from "./arguments/global-options.js";
import type { Invocation } from "./invocation.js";
import type { Reporter } from "./output/reporter.js";

/** What a command works with. */
export interface Session extends SessionOptions, AsyncDisposable {
  /** All repos; read once. */
  repos(): Promise<readonly Repo[]>;
  /** The lab of `--lab` with its repos; read once, closed with the session. */
  lab(): Promise<Lab>;
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
  return {
    ...given,
    repos: () => (repos ??= readRepos(given)),
    lab: () => (lab ??= openSessionLab(given)),
    async [Symbol.asyncDispose]() {
      await (await lab?.catch(() => undefined))?.[Symbol.asyncDispose]();
    },
  };
}

async function readRepos({ invocation }: SessionOptions): Promise<readonly Repo[]> {
  const { loadRepos } = await import("@otto/config");
  return loadRepos(invocation);
}

async function openSessionLab({ invocation, options, reporter }: SessionOptions): Promise<Lab> {
  const { openLab } = await import("@otto/docker");
  const { cwd, env, home } = invocation;
  const lab = await openLab({
    lab: options.lab,
    cwd,
    env,
    home,
    onSshEvent: (event) => {
      reporter.notice("debug", JSON.stringify(event));
      if (event.type === "ssh.sessions-exhausted") reporter.notice("warn", formatExhausted(event));
    },
    onHostKeyLearned: ({ hop, fingerprint, file }) =>
      reporter.notice("warn", `${hop} was never seen before: recorded its host key ${fingerprint} in ${file}`),
  });
  for (const note of [...lab.repos.flatMap((repo) => repo.notes), ...lab.data.notes]) reporter.notice("debug", note);
  return lab;
}

interface Exhausted {
  readonly hop: string;
  readonly limit: number;
  readonly connections: number;
  readonly waiting: number;
}

function formatExhausted({ hop, limit, connections, waiting }: Exhausted): string {
  const sessions = `${connections} connections with ${limit} ${limit === 1 ? "session" : "sessions"} each are in use`;
  return `${hop}: ${sessions}, ${waiting} more wait. Allow its sshd to forward (AllowStreamLocalForwarding), or a higher MaxSessions.`;
}
