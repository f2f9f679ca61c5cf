import { setTimeout as delay } from "node:timers/promises";
import type { ComposeService } from "@otto/compose-files";
import type { ContainerDetails } from "@otto/engine";
import { cleanText, OttoError } from "@otto/errors";
import type { Parent } from "@otto/hosts";
import { observeStack } from "./stack-observation.js";

export type ServiceVerdict =
  | { readonly verdict: "ready" }
  | { readonly verdict: "waiting"; readonly because: string }
  | { readonly verdict: "failed"; readonly because: string };

/** Judges one container of a service that should run. */
export function judgeContainer({ State: state }: Pick<ContainerDetails, "State">): ServiceVerdict {
  if (state.Status === "exited" && state.ExitCode === 0) return { verdict: "ready" };
  if (state.Status === "exited" || state.Status === "dead")
    return { verdict: "failed", because: `it exited with ${state.ExitCode}` };
  if (state.Status === "restarting")
    return { verdict: "failed", because: `it crashes and restarts (exit code ${state.ExitCode})` };
  if (state.Status !== "running") return { verdict: "waiting", because: `it is ${state.Status}` };
  const health = state.Health?.Status;
  if (health === "unhealthy") return { verdict: "failed", because: "its health check fails" };
  if (health === "starting") return { verdict: "waiting", because: "its health check has not passed yet" };
  return { verdict: "ready" };
}

const pollMs = 200;
const lastLogLines = 30;

export interface ReadyOptions {
  /** Milliseconds. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Waits until every enabled service runs, is healthy where it has a health check, or has exited with 0.
 * @throws OttoError `COMPOSE_SERVICE_FAILED` with the service's last log lines, `COMPOSE_NOT_READY` when time is over
 */
export async function waitUntilReady(
  parent: Parent,
  stack: { project: string; services: readonly ComposeService[] },
  options: ReadyOptions,
): Promise<void> {
  const deadline = Date.now() + options.timeoutMs;
  for (;;) {
    const waiting = await judgeStack(parent, stack, options.signal);
    if (waiting === undefined) return;
    if (Date.now() > deadline) throw notReady(parent, waiting, options.timeoutMs);
    await delay(pollMs, undefined, { signal: options.signal });
  }
}

/** @returns why the first service that is not ready is not */
async function judgeStack(
  parent: Parent,
  stack: { project: string; services: readonly ComposeService[] },
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  const containers = await observeStack(parent, stack.project, signal);
  for (const service of stack.services.filter(({ enabled, replicas }) => enabled && replicas > 0)) {
    const own = containers.filter((container) => container.service === service.name);
    if (own.length === 0) return `${service.name} has no container`;
    for (const { id } of own) {
      const details = await parent.engine.inspectContainer(id, signal);
      if (details === undefined) return `${service.name} is being replaced`;
      const judged = judgeContainer(details);
      if (judged.verdict === "failed")
        throw await serviceFailed(parent, { service: service.name, because: judged.because, details }, signal);
      if (judged.verdict === "waiting") return `${service.name}: ${judged.because}`;
    }
  }
  return undefined;
}

interface Failure {
  readonly service: string;
  readonly because: string;
  readonly details: ContainerDetails;
}

async function serviceFailed(
  parent: Parent,
  { service, because, details }: Failure,
  signal: AbortSignal | undefined,
): Promise<OttoError> {
  const logs = cleanText(
    await parent.engine.tailLogs({ id: details.Id, tty: details.Config.Tty }, lastLogLines, signal),
  ).trimEnd();
  const said = logs === "" ? " and logged nothing" : `; its last log lines:\n${logs}`;
  return new OttoError(
    "COMPOSE_SERVICE_FAILED",
    `the service ${service} on ${parent.id} is not up: ${because}${said}`,
    {
      details: { host: parent.id, service, logs },
    },
  );
}

function notReady(parent: Parent, waiting: string, timeoutMs: number): OttoError {
  return new OttoError(
    "COMPOSE_NOT_READY",
    `the stack on ${parent.id} is not up after ${timeoutMs / 1000} s: ${waiting}`,
    {
      details: { host: parent.id },
    },
  );
}
