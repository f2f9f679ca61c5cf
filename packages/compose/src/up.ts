import { OttoError } from "@otto/errors";
import { stagedDirectory, stageTree } from "@otto/staging";
import { upCommand } from "./compose-command.js";
import { runCompose } from "./compose-process.js";
import { takeDown } from "./down.js";
import type { PlacedStack } from "./stack.js";
import { waitUntilReady } from "./stack-health.js";
import { type ObservedContainer, observeStack } from "./stack-observation.js";
import { planServices, type UpStep } from "./up-plan.js";

export type UpEvent =
  | { readonly type: "compose.staged"; readonly project: string; readonly files: number }
  | { readonly type: "compose.started"; readonly project: string; readonly output: string };

export interface UpOptions {
  /** How long services may take to be up, in milliseconds. Default 300,000. */
  readonly readyTimeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onEvent?: ((event: UpEvent) => void) | undefined;
}

const defaultReadyTimeoutMs = 300_000;
const rollbackStopTimeout = 1;

/** What `up` would do to each service. Changes nothing. */
export async function planUp(stack: PlacedStack, signal?: AbortSignal): Promise<UpStep[]> {
  const { parent, files } = stack;
  const containers = await observeStack(parent, stack.project, signal);
  const images = new Set(files.services.flatMap(({ image }) => image ?? []));
  const imageIds = await Promise.all(
    [...images].map(async (image) => [image, (await parent.engine.inspectImage(image, signal))?.id] as const),
  );
  return planServices(files.services, { containers, imageIds: Object.fromEntries(imageIds) });
}

/**
 * Ships the stack's files, runs `docker compose up` once and waits until its services are up. If no container of the
 * project was there before and it fails, what it started is taken down.
 *
 * @returns the containers of the stack
 * @throws OttoError `COMPOSE_UP_FAILED`, `COMPOSE_SERVICE_FAILED`, `COMPOSE_NOT_READY`, `COMPOSE_MISSING`, `STAGING_FAILED`
 */
export async function bringUp(stack: PlacedStack, options: UpOptions = {}): Promise<ObservedContainer[]> {
  const { parent, project } = stack;
  const before = await observeStack(parent, project, options.signal);
  try {
    await converge(stack, options);
  } catch (error) {
    // The caller's abort must not keep the clean-up from running.
    if (before.length === 0) await takeDown(parent, project, { stopTimeout: rollbackStopTimeout, volumes: false });
    throw error;
  }
  return observeStack(parent, project, options.signal);
}

async function converge(stack: PlacedStack, options: UpOptions): Promise<void> {
  const { parent, project, files } = stack;
  const remoteDir = await stagedDirectory(parent, project, options);
  const staged = [...files.shipments, ...files.rewritten];
  await stageTree(parent, remoteDir, staged, { ...options, directories: [files.projectDirectory] });
  options.onEvent?.({ type: "compose.staged", project, files: staged.length });
  const command = upCommand(parent.docker.command, stack, remoteDir);
  const { exitCode, output } = await runCompose(parent, command, {
    environment: files.environment,
    signal: options.signal,
  });
  if (exitCode !== 0) throw upFailed(stack, output);
  options.onEvent?.({ type: "compose.started", project, output });
  const timeoutMs = options.readyTimeoutMs ?? defaultReadyTimeoutMs;
  await waitUntilReady(parent, { project, services: files.services }, { timeoutMs, signal: options.signal });
}

function upFailed({ parent, project }: PlacedStack, output: string): OttoError {
  const lines = output.trimEnd().split("\n");
  return new OttoError(
    "COMPOSE_UP_FAILED",
    `docker compose up of ${project} on ${parent.id}: ${lines.at(-1) || "it said nothing"}`,
    {
      details: { host: parent.id, project, output },
    },
  );
}
