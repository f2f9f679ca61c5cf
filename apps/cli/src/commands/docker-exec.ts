import type { DockerContainerHost } from "@otto/docker";
import { OttoError } from "@otto/errors";
import { type PlaceOptions, toVariables } from "../arguments/option.js";
import { finishCommand, orNeverRan } from "../command-outcome.js";
import { findService } from "../container-lookup.js";
import { exitCodes } from "../exit-code.js";
import type { Outcome } from "../outcome.js";
import type { Session } from "../session.js";
import { createRawMode } from "../terminal/terminal-mode.js";

export interface DockerExecFlags extends PlaceOptions {
  readonly service: string;
  readonly command: readonly string[];
  readonly detach?: boolean;
  /** `NAME=VALUE`, or `NAME`. */
  readonly env?: readonly string[];
  readonly interactive?: boolean;
  /** Default: where otto has a terminal. */
  readonly tty?: boolean;
  readonly user?: string;
  readonly workdir?: string;
  readonly index?: number;
}

/** `otto docker exec` */
export function dockerExec(session: Session, flags: DockerExecFlags): Promise<Outcome> {
  return orNeverRan(session, async () => {
    const isTty = hasTerminal(session, flags);
    const host = await findService(session, flags.service, flags);
    if (session.options.dryRun || !(isTty || flags.detach === true)) return runPlainly(session, flags, host);
    const options = { ...optionsOf(session, flags), signal: session.signal };
    if (flags.detach !== true) return showOnTerminal(session, host, { ...options, command: flags.command });
    await host.startDetached(flags.command, options);
    return { exitCode: exitCodes.done };
  });
}

/** @throws `CLI_USAGE` for `--tty` where there is no terminal, as docker's client */
export function hasTerminal(
  { invocation, options }: Session,
  { tty, detach }: Pick<DockerExecFlags, "tty" | "detach">,
) {
  const isTerminal = invocation.stdin.isTTY === true && invocation.stdout.isTTY === true && !options.json;
  if (tty === true && !isTerminal && detach !== true && !options.dryRun)
    throw new OttoError("CLI_USAGE", "--tty: the input device is not a terminal", { hint: "Leave -t out." });
  return tty !== false && isTerminal && detach !== true;
}

async function runPlainly(session: Session, flags: DockerExecFlags, host: DockerContainerHost): Promise<Outcome> {
  const { invocation, signal } = session;
  const { command, interactive } = flags;
  const isFed = interactive === true || invocation.stdin.isTTY !== true;
  const stdin = isFed ? { stdin: invocation.stdin } : {};
  const options = { ...optionsOf(session, flags), ...stdin, timeoutMs: Number.POSITIVE_INFINITY, signal };
  return finishCommand(session, { id: host.id, command, timeout: Number.POSITIVE_INFINITY }, (output) =>
    host.exec(command, { ...options, output }),
  );
}

async function showOnTerminal(
  { invocation }: Session,
  host: DockerContainerHost,
  options: Parameters<DockerContainerHost["login"]>[1],
): Promise<Outcome> {
  const { stdin, stdout, env } = invocation;
  const terminal = { input: stdin, output: stdout, setRawMode: createRawMode(stdin) };
  return { exitCode: await host.login(terminal, { term: env.TERM, ...options }) };
}

function optionsOf({ invocation }: Session, { user, workdir, env }: DockerExecFlags) {
  return { user, workdir, ...(env && { env: toVariables(env, invocation.env) }) };
}
