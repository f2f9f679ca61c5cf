import { OttoError } from "@otto/errors";
import type { Parent } from "@otto/hosts";
import { removeStagedTree, stagedDirectory } from "@otto/staging";
import { downCommand } from "./compose-command.js";
import { runCompose } from "./compose-process.js";
import { observeStack } from "./stack-observation.js";

export interface DownOptions {
  /** Seconds each container gets before it is killed. */
  readonly stopTimeout: number;
  /** Whether named volumes go too. */
  readonly volumes: boolean;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Takes a project down and removes its staged files.
 * @returns whether any container was there
 * @throws OttoError `COMPOSE_DOWN_FAILED`, `COMPOSE_MISSING`
 */
export async function takeDown(parent: Parent, project: string, options: DownOptions): Promise<boolean> {
  const containers = await observeStack(parent, project, options.signal);
  const command = downCommand(parent.docker.command, project, options);
  const { exitCode, output } = await runCompose(parent, command, { signal: options.signal });
  if (exitCode !== 0) throw downFailed(parent, project, output);
  await removeStagedTree(parent, await stagedDirectory(parent, project, options), options);
  return containers.length > 0;
}

function downFailed(parent: Parent, project: string, output: string): OttoError {
  return new OttoError(
    "COMPOSE_DOWN_FAILED",
    `docker compose down of ${project} on ${parent.id}: ${output.trimEnd().split("\n").at(-1)}`,
    {
      hint: "What is left shows `otto docker ps --all`; run `otto docker down` again.",
      details: { host: parent.id, project, output },
    },
  );
}
