import type { Readable } from "node:stream";
import type { BuildEvent } from "@otto/build";
import { type OneOff, startOneOff, type UpEvent } from "@otto/compose";
import type { Repo } from "@otto/config";
import type { Lab, RepoPart } from "@otto/host-registry";
import { type CommandOutput, type CommandResult, type LoginTerminal, runContainer } from "@otto/hosts";
import { prepareStack, upParts } from "./compose-up.js";
import { currentUser } from "./current-user.js";
import { checkServices } from "./declared-services.js";
import { withActivity } from "./lab-activity.js";
import { choosePartCalls } from "./repo-parts.js";
import { readParts, type StackPart } from "./stack-parts.js";
import { fillSecrets } from "./stack-secrets.js";
import { requireComposeEngine } from "./swarm/stack-engine.js";
import type { ComposeUpOptions } from "./up-options.js";

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
 * when it has ended, and when this process or its link dies. Of several parents, it runs on the first that has the service.
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
  const common = {
    on,
    projectName,
    profiles,
    build: options.build,
    cacheDir: options.cacheDir,
    signal,
    ...withActivity(lab, options.onEvent),
  };
  const { part, prepared } = await readServicePart(repo, lab, { ...common, service, command: "otto docker run" });
  await prepareStack(prepared, lab);
  const { stack } = prepared;
  const declared = stack.files.services.find(({ name }) => name === service);
  const dependencies = noDeps ? [] : (declared?.dependsOn ?? []).map((one) => one.service);
  if (dependencies.length > 0) {
    const needed = await readParts(repo, lab, { ...common, services: dependencies }, [part]);
    await upParts(await fillSecrets(needed, lab, signal), lab, common);
  }
  const oneOff = { ...options, service, terminal: terminal !== undefined };
  await using container = await startOneOff(stack, oneOff, { ...common, who: currentUser() });
  return await runContainer(container, { terminal, stdin, output, signal });
}

const doing = "running a command";

/**
 * Reads the stack of which a service is run once, with that service alone chosen: of several parents, on the first that has it.
 * @param options `command`: for the message where the parent's engine has no one-off containers
 * @throws OttoError `COMPOSE_UNKNOWN_SERVICE`, and what `readStack` throws
 */
export async function readServicePart<Options extends ComposeUpOptions>(
  repo: Repo,
  lab: Lab,
  { service, command, ...options }: Options & { readonly service: string; readonly command: string },
): Promise<{ readonly part: RepoPart; readonly prepared: StackPart }> {
  const { on, projectName, profiles } = options;
  const [first] = await choosePartCalls({ repo, lab, doing }, { on, projectName, profiles, services: [service] });
  // A part is left, or the service is unknown.
  const { part } = first as NonNullable<typeof first>;
  requireComposeEngine(part, command, "Run it in a task that is up: `otto docker exec SERVICE COMMAND`.");
  await checkServices(part, lab, { on, projectName, profiles, services: [service], doing });
  const parts = await readParts(repo, lab, { ...options, services: [service], noDeps: true }, [part]);
  const [read] = await fillSecrets(parts, lab, options.signal);
  // One part gives one stack.
  return { part, prepared: read as StackPart };
}
