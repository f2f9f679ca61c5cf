import type { ComposeProject, ComposeService } from "@otto/compose-files";
import type { DockerImage, Repo } from "@otto/config";
import { nearestWord, OttoError } from "@otto/errors";
import { familiarImageName, imageLatestTag } from "@otto/hashing";
import { imageReference } from "./image-reference.js";

/** What one `up` is asked for beside what the files declare. */
export interface ServiceChoice {
  /** The services to bring up; their profiles become active. Default: all that the active profiles leave. */
  readonly services?: readonly string[] | undefined;
  /** Whether what `services` depend on is left as it is. Default false: it is brought up, too. */
  readonly noDeps?: boolean | undefined;
  /** How many containers a service gets this time, 0 or more. Default: as many as the files declare. */
  readonly scale?: Readonly<Record<string, number>> | undefined;
  /** The `pull_policy` of this time, for images that the repo does not build. Default: as the files declare. */
  readonly pull?: "always" | "missing" | "never" | undefined;
  /** Whether containers are replaced that run as declared: those of `services`, or all. Default false. */
  readonly forceRecreate?: boolean | undefined;
  /** Seconds that a container which is replaced gets before it is killed. Default: as the files declare, else 10. */
  readonly stopTimeout?: number | undefined;
}

/** What a choice is made of. */
interface Stack {
  readonly repo: Repo;
  readonly project: string;
  readonly files: ComposeProject;
  readonly choice?: ServiceChoice | undefined;
}

/** What {@link requireDeclared} needs to know of a stack. */
interface DeclaredServices {
  readonly repo: Pick<Repo, "name">;
  readonly files: { readonly services: readonly Pick<ComposeService, "name">[] };
}

type Container = { readonly service: string; readonly state: string };

/**
 * Refuses services that are not declared, or that the settings leave out.
 * @throws OttoError `COMPOSE_UNKNOWN_SERVICE`
 */
export function checkChoice(
  { repo, files }: Pick<Stack, "repo" | "files">,
  { services = [], scale = {} }: ServiceChoice,
): void {
  requireDeclared({ repo, files }, [...services, ...Object.keys(scale)], "choosing services");
  const enabled = files.services.filter((service) => service.enabled).map(({ name }) => name);
  const other = services.find((name) => !enabled.includes(name));
  if (other !== undefined) throw leftOut(repo, other, enabled);
}

/**
 * Refuses services that a stack does not declare. Pure.
 * @param doing what was being done, for the message: `reading the logs`
 * @throws OttoError `COMPOSE_UNKNOWN_SERVICE` naming the nearest one, and those there are
 */
export function requireDeclared({ repo, files }: DeclaredServices, services: readonly string[], doing: string): void {
  const declared = files.services.map(({ name }) => name);
  const service = services.find((it) => !declared.includes(it));
  if (service === undefined) return;
  const near = nearestWord(service, declared);
  throw new OttoError("COMPOSE_UNKNOWN_SERVICE", `${doing} of ${repo.name}: it has no service ${service}`, {
    hint: `${near === undefined ? "" : `Did you mean "${near}"? `}Its services: ${declared.join(", ")}.`,
    details: { repo: repo.name, service, declared },
  });
}

/** The profiles of services that are chosen, and that none of the active ones has. */
export function broughtProfiles({ files }: Pick<Stack, "files">, { services = [] }: ServiceChoice): readonly string[] {
  const idle = files.services.filter(({ name, enabled }) => services.includes(name) && !enabled);
  return [...new Set(idle.flatMap(({ profiles }) => profiles))];
}

/**
 * The stack with those services alone enabled that its choice is about. What shares the namespaces or mounts of a chosen
 * service, and runs, comes with it: it cannot go on with those of a container that is replaced.
 * @param containers that there are
 */
export function chooseServices<Of extends Stack>(stack: Of, containers: readonly Container[]): Of {
  const { choice = {}, files, project } = stack;
  const { scale = {}, pull } = choice;
  const chosen = chosenNames(files.services, choice, containers);
  const own = ownImages(stack);
  const choose = (service: ComposeService): ComposeService => ({
    ...service,
    enabled: service.enabled && chosen.has(service.name),
    replicas: (Object.hasOwn(scale, service.name) ? scale[service.name] : undefined) ?? service.replicas,
    pullPolicy: own.has(familiarImageName(imageReference(project, service)))
      ? service.pullPolicy
      : (pull ?? service.pullPolicy),
  });
  return { ...stack, files: { ...files, services: files.services.map(choose) } };
}

/** The chosen services whose containers are replaced in any case. */
export function forcedServices({ choice = {}, files }: Stack): ReadonlySet<string> {
  const { services: named = [], forceRecreate = false } = choice;
  const enabled = files.services.filter(({ name, enabled }) => enabled && (named.length === 0 || named.includes(name)));
  return new Set(forceRecreate ? enabled.map(({ name }) => name) : []);
}

/** The names of the images that the settings build, as a reference would be written. */
export function ownImages(stack: Pick<Stack, "repo">): ReadonlySet<string> {
  return new Set(stack.repo.docker.images.map((image) => latestTagOf(stack, image)));
}

function latestTagOf({ repo }: Pick<Stack, "repo">, image: DockerImage): string {
  return familiarImageName(imageLatestTag(repo.docker.registryUrl, repo.name, image));
}

/**
 * The images of the settings that the chosen services are started from; undefined where that is not known, for Compose
 * builds an image of theirs.
 */
export function usedImages(stack: Stack): readonly string[] | undefined {
  const enabled = chooseServices(stack, []).files.services.filter((service) => service.enabled);
  if (enabled.some(({ hasBuild }) => hasBuild)) return undefined;
  const used = new Set(enabled.map((service) => familiarImageName(imageReference(stack.project, service))));
  return stack.repo.docker.images.filter((image) => used.has(latestTagOf(stack, image))).map(({ name }) => name);
}

function chosenNames(
  services: readonly ComposeService[],
  { services: named = [], noDeps = false }: ServiceChoice,
  containers: readonly Container[],
): ReadonlySet<string> {
  if (named.length === 0) return new Set(services.map(({ name }) => name));
  const live = new Set(containers.filter(({ state }) => state === "running").map(({ service }) => service));
  const nextOf = (name: string) => {
    const below = services.find((service) => service.name === name)?.dependsOn ?? [];
    const sharing = services.filter(
      (one) => live.has(one.name) && [...one.sharesWith, ...one.volumesFrom].includes(name),
    );
    return [...(noDeps ? [] : below.map(({ service }) => service)), ...sharing.map((one) => one.name)];
  };
  const chosen = new Set<string>();
  const follow = (name: string): void => {
    if (chosen.has(name)) return;
    chosen.add(name);
    nextOf(name).forEach(follow);
  };
  named.forEach(follow);
  return chosen;
}

function leftOut({ name, settingsFile }: Repo, service: string, enabled: readonly string[]): OttoError {
  const message = `choosing services of ${name}: its settings leave the service ${service} out`;
  return new OttoError("COMPOSE_UNKNOWN_SERVICE", message, {
    hint: `Add it to \`services\` of [[docker.composes]] in ${settingsFile}. Those that it has: ${enabled.join(", ")}.`,
    details: { repo: name, service, declared: enabled },
  });
}
