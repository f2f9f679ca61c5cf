import { type PlacedStack, readStack, type ServiceChoice } from "@otto/compose";
import type { Repo } from "@otto/config";
import { checkProjectName, composeProjectPart } from "@otto/hashing";
import type { Lab, RepoPart } from "@otto/host-registry";
import type { Parent } from "@otto/hosts";
import { getUserComposeProject } from "./compose-project.js";
import { type ChosenPort, resolveEnvironment, type StackReading } from "./part-environment.js";

export interface PlacementOptions {
  /**
   * Where entries of `[[docker.composes]]` and images go, as `--on`: ids or handles of parents, `all`, and `NAME=HOST` for the
   * entries with this name or role, separated by commas. Default: where the settings say.
   */
  readonly on?: string | undefined;
  /** Default: {@link getUserComposeProject}. */
  readonly projectName?: string | undefined;
  /** Active profiles beside those of the settings. */
  readonly profiles?: readonly string[] | undefined;
}

/**
 * The Compose project name that a call means.
 * @throws OttoError `COMPOSE_PROJECT_INVALID`
 */
export function projectNameOf(repo: Repo, lab: Lab, options: PlacementOptions): string {
  if (options.projectName !== undefined) return checkProjectName(options.projectName);
  return getUserComposeProject(repo.docker.project ?? repo.name, undefined, lab.sshEnvironment.env);
}

/** What a repo is called in a Compose project that it makes together with others; undefined: it has one of its own. */
export function memberOf({ name, docker }: Repo): string | undefined {
  return docker.project === undefined ? undefined : composeProjectPart(name);
}

/** Where a repo's stack is, whatever its files say. */
export function locateStack(
  { repo, parent }: RepoPart,
  lab: Lab,
  options: PlacementOptions,
): { readonly parent: Parent; readonly project: string; readonly member: string | undefined } {
  return { parent, project: projectNameOf(repo, lab, options), member: memberOf(repo) };
}

/** The options of a call that say which stack is meant. */
export function placementOf({ on, projectName, profiles }: PlacementOptions): PlacementOptions {
  return { on, projectName, profiles };
}

export interface StackChoice {
  /** What an `up` is asked for beside the files. */
  readonly choice?: ServiceChoice | undefined;
  /** The ports that engines have chosen. Default: one that is not known is 0. */
  readonly portOf?: ((port: ChosenPort) => number) | undefined;
  /** Variables that only this reading has. Default: none. */
  readonly variables?: Readonly<Record<string, string>> | undefined;
}

/**
 * Reads what of a repo's stack belongs on one parent. Nothing is connected.
 * @throws OttoError what `readStack` and {@link resolveEnvironment} throw
 */
export async function placeStack(
  part: RepoPart,
  lab: Lab,
  options: PlacementOptions,
  { choice, portOf, variables }: StackChoice = {},
): Promise<PlacedStack> {
  const { env, home } = lab.sshEnvironment;
  const reading = readingOf(part, lab, options);
  const { render } = await resolveEnvironment(part, lab, reading);
  // Those of the user's environment are not among them.
  const environment = { ...env, ...render(portOf), ...variables };
  const { repo, parent } = part;
  return { ...(await readStack(repo, { ...reading, choice, environment, home })), parent, member: memberOf(repo) };
}

/** The ports that engines choose and that the files of this part need. @throws OttoError as {@link placeStack} */
export async function listPortsBefore(
  part: RepoPart,
  lab: Lab,
  options: PlacementOptions,
): Promise<readonly ChosenPort[]> {
  return (await resolveEnvironment(part, lab, readingOf(part, lab, options))).ports;
}

function readingOf({ repo }: RepoPart, lab: Lab, options: PlacementOptions): StackReading {
  return { projectName: projectNameOf(repo, lab, options), profiles: options.profiles };
}
