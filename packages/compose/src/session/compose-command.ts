import { quoteCommand, quoteWord } from "@otto/errors";
import type { Parent } from "@otto/hosts";
import { ownDirectory } from "@otto/remote-tree";
import type { Stack } from "../declared/stack.js";

/** Where compose finds what the labels of {@link upCommand} are, in a staged tree. */
export const labelsFile = `${ownDirectory}/labels.json`;

/** A shell word list that runs the parent's docker client. */
export function dockerWords({ docker }: Parent): string {
  return quoteCommand(docker.command);
}

/** Has a list of docker's hold what is of a project, and nothing else. */
export function projectFilter(project: string): string {
  return `--filter ${quoteWord(`label=com.docker.compose.project=${project}`)}`;
}

/** The label of a container that says which repo it is of; in a project that several make, which member. */
export const memberLabel = "otto.repo";

/** The label of a container that says who brought it up. */
export const userLabel = "otto.user";
/** The label of a container that says from which commit, and whether files differed from it. */
export const commitLabel = "otto.commit";
/** The label of a container that was brought up by a holder of a lease, to go with the last of them. */
export const ownedLabel = "otto.owned";

/** The same for what of a project is of one member; all of it without one. */
export function memberFilter(member: string | undefined): string {
  return member === undefined ? "" : `--filter ${quoteWord(`label=${memberLabel}=${member}`)}`;
}

/** `docker compose` on a parent, for one project. Global flags only; `--progress` is none before 2.19. */
export function composeCommand(compose: readonly string[], project: string): string[] {
  return [...compose, "--ansi", "never", "--project-name", project];
}

/** The same for the files of a stack that lie in `directory`. */
export function stackCommand(compose: readonly string[], { project, files }: Stack, directory: string): string[] {
  const staged = (path: string) => `${directory}/${path}`;
  return [
    ...composeCommand(compose, project),
    ...["--project-directory", staged(files.projectDirectory)],
    ...files.commandFiles.flatMap((path) => ["--file", staged(path)]),
    ...files.envFiles.flatMap((path) => ["--env-file", staged(path)]),
    // In one word: one that begins with a dash is no option.
    ...files.profiles.map((profile) => `--profile=${profile}`),
  ];
}

/**
 * Prints the stack as compose understands it, as JSON; with a key file in `build.ssh`, of which Compose makes no JSON
 * (compose-go 2.0 to 2.13 at least), as YAML.
 */
export function configCommand(compose: readonly string[], stack: Stack, directory: string): string[] {
  const hasKeys = stack.files.resources.some(({ kind }) => kind === "ssh");
  return [...stackCommand(compose, stack, directory), "config", "--format", hasKeys ? "yaml" : "json"];
}

/** Asks the registries for the images of these services. */
export function pullCommand(
  compose: readonly string[],
  stack: Stack,
  { directory, services }: { directory: string; services: readonly string[] },
): string[] {
  return [...stackCommand(compose, stack, directory), "pull", "--", ...services];
}

/** Builds the images of these services. */
export function buildCommand(
  compose: readonly string[],
  stack: Stack,
  { directory, services }: { directory: string; services: readonly string[] },
): string[] {
  const files = ["--file", `${directory}/${labelsFile}`];
  return [...stackCommand(compose, stack, directory), ...files, "build", "--", ...services];
}

/** Brings exactly these services up: what they depend on runs already, or is among them. */
export function upCommand(
  compose: readonly string[],
  stack: Stack,
  options: { directory: string; services: readonly string[]; replaces: boolean; builds: boolean },
): string[] {
  const { scale = {}, stopTimeout } = stack.choice ?? {};
  const scaled = Object.entries(scale).filter(([service]) => options.services.includes(service));
  return [
    ...stackCommand(compose, stack, options.directory),
    ...["--file", `${options.directory}/${labelsFile}`],
    ...["up", "--detach", "--no-deps"],
    options.replaces ? "--force-recreate" : "--no-recreate",
    options.builds ? "--build" : "--no-build",
    ...scaled.map(([service, count]) => `--scale=${service}=${count}`),
    ...(stopTimeout === undefined ? [] : ["--timeout", String(stopTimeout)]),
    "--",
    ...options.services,
  ];
}

/** Takes a project down by its labels: no file is needed. */
export function downCommand(
  compose: readonly string[],
  project: string,
  options: { stopTimeout: number; volumes: boolean; rmi?: "all" | "local" | undefined },
): string[] {
  const volumes = options.volumes ? ["--volumes"] : [];
  const images = options.rmi === undefined ? [] : ["--rmi", options.rmi];
  const timeout = String(options.stopTimeout);
  return [...composeCommand(compose, project), "down", "--remove-orphans", "--timeout", timeout, ...volumes, ...images];
}
