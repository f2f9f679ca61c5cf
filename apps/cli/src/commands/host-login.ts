import { OttoError } from "@otto/errors";
import { orNeverRan } from "../command-outcome.js";
import { findHost, refuseContainerOptions } from "../container-lookup.js";
import { exitCodes } from "../exit-code.js";
import type { Outcome } from "../outcome.js";
import type { Session } from "../session.js";
import { createRawMode } from "../terminal/terminal-mode.js";

/** Options of `login`. */
export interface LoginFlags {
  readonly user?: string;
  readonly workdir?: string;
  readonly env?: Readonly<Record<string, string>>;
}

export interface HostLoginFlags extends LoginFlags {
  readonly id: string;
}

/** `otto host ID login` */
export async function hostLogin(session: Session, flags: HostLoginFlags): Promise<Outcome> {
  const login = await findLogin(session, flags);
  if (session.options.dryRun) {
    session.reporter.item(`${flags.id}: would open a shell`, { type: "step", do: "login", host: flags.id });
    return { exitCode: exitCodes.done };
  }
  assertTerminal(session, flags.id);
  return orNeverRan(session, async () => ({ exitCode: await login() }));
}

async function findLogin(session: Session, flags: HostLoginFlags): Promise<() => Promise<number>> {
  const { stdin, stdout, env } = session.invocation;
  const terminal = { input: stdin, output: stdout, setRawMode: createRawMode(stdin) };
  const options = { term: env.TERM, signal: session.signal };
  const { id, ...container } = flags;
  const found = await findHost(session, id);
  if (found.kind === "container") return () => found.host.login(terminal, { ...options, ...container });
  refuseContainerOptions(id, container);
  return () => found.host.login(terminal, options);
}

function assertTerminal({ invocation, options }: Session, id: string): void {
  if (invocation.stdin.isTTY && invocation.stdout.isTTY && !options.json) return;
  throw new OttoError("CLI_USAGE", "login needs a terminal, and a person at it", {
    hint: `For programs there are \`otto host ${id} exec\`, with -i for stdin, and \`otto host ${id} run\`.`,
  });
}
