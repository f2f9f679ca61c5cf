import { type Lab, openLab } from "@otto/docker";
import type { SessionLabOptions } from "./session.js";
import { createTerminalPrompt } from "./terminal/terminal-prompt.js";

/** Reads the lab of a session; what happens on its connections is reported and traced. The caller disposes it. */
export async function openSessionLab({
  invocation,
  options,
  reporter,
  signal,
  asks,
  tracing,
}: SessionLabOptions): Promise<Lab> {
  const { cwd, env, home } = invocation;
  const { undisturbed } = reporter;
  const lab = await openLab({
    lab: options.lab,
    cwd,
    env,
    home,
    signal,
    ...(asks && options.input ? { onPrompt: createTerminalPrompt({ signal, undisturbed }) } : {}),
    onActivity: tracing?.onEvent,
    onSshEvent: (event) => {
      tracing?.onEvent(event);
      reporter.notice("debug", JSON.stringify(event));
      if (event.type === "ssh.sessions-exhausted") reporter.notice("warn", formatExhausted(event));
    },
    onHostKeyLearned: ({ hop, fingerprint, file }) =>
      reporter.notice("warn", `${hop} was never seen before: recorded its host key ${fingerprint} in ${file}`),
  });
  for (const note of [...lab.repos.flatMap((repo) => repo.notes), ...lab.data.notes]) reporter.notice("debug", note);
  for (const warning of lab.data.warnings ?? []) reporter.notice("warn", warning);
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
