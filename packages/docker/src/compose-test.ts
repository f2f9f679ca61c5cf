import { findStackFailure, startOneOff } from "@otto/compose";
import type { Repo } from "@otto/config";
import type { OttoError } from "@otto/errors";
import type { Lab } from "@otto/host-registry";
import { type CommandResult, runContainer } from "@otto/hosts";
import { type ComposeRunOptions, readServicePart } from "./compose-run.js";
import { type ChosenStack, composeChosen } from "./composed.js";
import { currentUser } from "./current-user.js";
import { withActivity } from "./lab-activity.js";
import { readParts } from "./stack-parts.js";
import { placeStack } from "./stack-placement.js";
import { chooseTested, companionsOf } from "./test-services.js";
import type { ComposeUpOptions } from "./up-options.js";

export interface ComposeTestOptions
  extends Omit<ComposeRunOptions, "noDeps" | "terminal" | "useAliases">,
    Pick<ComposeUpOptions, "failuresDir" | "readyTimeoutMs"> {
  /** The service whose exit code counts. Default: the one called `test` or `tests`, else the only one of the profile `test`. */
  readonly service?: string | undefined;
  /** How long that service may take, in milliseconds. Default: as long as it does. */
  readonly timeoutMs?: number | undefined;
  /** Called when it has ended, while every container is still there. What it throws comes out, after the tear-down. */
  readonly beforeDown?: ((run: TestRun) => Promise<void>) | undefined;
}

/** What came of a test. */
export interface TestRun extends CommandResult {
  readonly service: string;
  readonly project: string;
  /** Name of the container that ran the service. */
  readonly container: string;
  /** Of another service that has ended otherwise than declared: `COMPOSE_SERVICE_FAILED`, with its last log lines. */
  readonly failure: OttoError | undefined;
}

/**
 * Brings a stack up, runs one of its services to its end, and takes the stack down if it was not up before. Another service may
 * end meanwhile, as declared: an init with 0, one with a restart policy at any time. When this process or its link dies, the
 * parent takes all of it down. What depends on the tested service does not come up; of an earlier run its container goes.
 *
 * The service runs in a container of its own that the networks know by the service's names, without its restart policy.
 * @returns its exit code, 124 after `timeoutMs`, and what it wrote where `output` is not given
 * @throws OttoError `COMPOSE_TEST_UNNAMED`, `COMPOSE_UNKNOWN_SERVICE`, `COMPOSE_RUN_FAILED`, and what `composed` throws
 */
export async function composeTest(repo: Repo, lab: Lab, options: ComposeTestOptions = {}): Promise<TestRun> {
  const service = await findTested(repo, lab, options);
  const { on, projectName, build, cacheDir, failuresDir, readyTimeoutMs, signal } = options;
  const { onEvent } = withActivity(lab, options.onEvent);
  const common = { on, projectName, build, cacheDir, failuresDir, readyTimeoutMs, signal, onEvent };
  const run = { ...common, profiles: options.profiles, service, command: "otto docker test" };
  const { prepared } = await readServicePart(repo, lab, run);
  const { stack } = prepared;
  // With the profiles of the tested service, whichever.
  const up = { ...common, profiles: stack.files.profiles };
  const parts = await readParts(repo, lab, up);
  const companions = [...new Set(parts.flatMap((part) => companionsOf(part.stack.files.services, service)))];
  await using around = await composeChosen(repo, lab, {
    ...up,
    chosen: [...companions, service],
    // It is known, built and left out.
    scale: { [service]: 0 },
  });
  const oneOff = { ...options, service, useAliases: true, terminal: false };
  await using container = await startOneOff(stack, oneOff, { ...common, who: currentUser() });
  const result = await runContainer(container, options);
  const failure = result.timedOut ? undefined : await findFailure(around, signal);
  const ended = { ...result, service, project: stack.project, container: container.name, failure };
  await options.beforeDown?.(ended);
  return ended;
}

async function findTested(
  repo: Repo,
  lab: Lab,
  { service, on, projectName, profiles }: ComposeTestOptions,
): Promise<string> {
  const parts = lab.partsOf(repo, on);
  const read = await Promise.all(parts.map((part) => placeStack(part, lab, { on, projectName, profiles })));
  return chooseTested(
    repo,
    read.flatMap(({ files }) => files.services),
    service,
  );
}

async function findFailure({ stacks }: ChosenStack, signal: AbortSignal | undefined): Promise<OttoError | undefined> {
  const failures = await Promise.all(stacks.map((stack) => findStackFailure(stack, signal)));
  return failures.find((failure) => failure !== undefined);
}
