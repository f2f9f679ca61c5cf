import type { Readable } from "node:stream";
import type { BuildEvent } from "@otto/build";
import { type OneOff, startOneOff, type UpEvent } from "@otto/compose";
import type { Repo } from "@otto/config";
import type { Lab } from "@otto/host-registry";
import { type CommandOutput, type CommandResult, type LoginTerminal, runContainer } from "@otto/hosts";
import { type ComposeUpOptions, composeUp, prepareStack } from "./compose-up.js";
import { currentUser } from "./current-user.js";
import { checkServices } from "./declared-services.js";

export interface ComposeRunOptions
  extends Pick<ComposeUpOptions, "on" | "projectName" | "profiles" | "build" | "cacheDir" | "signal">,
    Omit<OneOff, "terminal" | "service"> {
  /** Whether what the service depends on is left as it is. Default false: it is brought up, and stays. */
  readonly noDeps?: boolean | undefined;
  /** A person's terminal, which the container then has. Default: none. */
  readonly terminal?: LoginTerminal | undefined;
  /** Sent to the command. Default: nothing. */
  readonly stdin?: Readable | undefined;
  /** Where its outputs go, as they come. Default: into the result. */
  readonly output?: CommandOutput | undefined;
  readonly onEvent?: ((event: BuildEvent | UpEvent) => void) | undefined;
}

/**
 * Runs a command in a one-off container of a service, as `docker compose run --rm`: built and brought up as for `composeUp`, removed
 * when it has ended, and when this process or its link dies.
 * @returns its exit code, and what it wrote where `output` is not given and there is no terminal
 * @throws OttoError `COMPOSE_UNKNOWN_SERVICE`, `COMPOSE_RUN_FAILED`, and what `composeUp` throws
 */
export async function composeRun(
  repo: Repo,
  lab: Lab,
  service: string,
  options: ComposeRunOptions = {},
): Promise<CommandResult> {
  const { on, projectName, profiles, terminal, stdin, output, signal, noDeps = false } = options;
  await checkServices(repo, lab, { on, projectName, profiles, services: [service], doing: "running a command" });
  const common = {
    on,
    projectName,
    profiles,
    build: options.build,
    cacheDir: options.cacheDir,
    signal,
    onEvent: options.onEvent,
  };
  const stack = await prepareStack(repo, lab, { ...common, services: [service], noDeps: true });
  const declared = stack.files.services.find(({ name }) => name === service);
  const dependencies = noDeps ? [] : (declared?.dependsOn ?? []).map((one) => one.service);
  if (dependencies.length > 0) await composeUp(repo, lab, { ...common, services: dependencies });
  const oneOff = { ...options, service, terminal: terminal !== undefined };
  await using container = await startOneOff(stack, oneOff, { ...common, who: currentUser() });
  return await runContainer(container, { terminal, stdin, output, signal });
}
