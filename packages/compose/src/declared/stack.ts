import { type ComposeProject, readComposeProject } from "@otto/compose-files";
import type { DockerCompose, Repo } from "@otto/config";
import { OttoError } from "@otto/errors";
import { checkProjectName } from "@otto/hashing";
import type { Parent } from "@otto/hosts";
import { withIgnoreRules } from "./ignore-rules.js";
import { localReader } from "./local-reader.js";
import { broughtProfiles, checkChoice, type ServiceChoice } from "./service-choice.js";

/** A repo's compose files under one Compose project name. */
export interface Stack {
  readonly repo: Repo;
  readonly project: string;
  readonly files: ComposeProject;
  /** Default: all that the files declare, as they declare it. */
  readonly choice?: ServiceChoice | undefined;
}

export interface StackOptions {
  /** The Compose project name. */
  readonly projectName: string;
  /** Active profiles, beside those of the settings. */
  readonly profiles?: readonly string[] | undefined;
  /** What an `up` is asked for beside the files. Default: nothing. */
  readonly choice?: ServiceChoice | undefined;
  /** The variables that the compose files may use. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** What `~` means; absolute. */
  readonly home: string;
}

/** A stack and where it runs. */
export interface PlacedStack extends Stack {
  readonly parent: Parent;
  /** Of a project that several repos make: what this repo is called in it. */
  readonly member?: string | undefined;
}

/**
 * Reads a repo's compose files and what they refer to.
 * @throws OttoError `COMPOSE_PROJECT_INVALID`, `COMPOSE_NOT_DECLARED`, `COMPOSE_SERVICES_MIXED`, `COMPOSE_UNKNOWN_SERVICE`, `COMPOSE_MOUNT_UNKNOWN`, and what `readComposeProject` throws
 */
export async function readStack(repo: Repo, options: StackOptions): Promise<Stack> {
  const project = checkProjectName(options.projectName);
  const { composes } = repo.docker;
  if (composes.length === 0) throw notDeclared(repo);
  const read = (profiles: readonly string[]) => readFiles({ repo, project }, { ...options, profiles });
  const settled = [...composes.flatMap(({ profiles }) => profiles), ...(options.profiles ?? [])];
  const { choice = {} } = options;
  let files = await read(settled);
  const brought = broughtProfiles({ files }, choice);
  if (brought.length > 0) files = await read([...files.profiles, ...brought]);
  checkChoice({ repo, files }, choice);
  return { repo, project, files: await withIgnoreRules(repo, files), choice };
}

function readFiles(
  { repo, project }: Pick<Stack, "repo" | "project">,
  { environment, home, profiles }: Pick<StackOptions, "environment" | "home" | "profiles">,
): Promise<ComposeProject> {
  const { composes } = repo.docker;
  const services = selectedServices(repo, composes);
  return readComposeProject(
    {
      files: composes.map(({ path }) => path),
      repoRoot: repo.root,
      environment: definedOnly(environment),
      home,
      projectName: project,
      profiles,
      services: services.length === 0 ? undefined : services,
      allowOutside: composes.some(({ allowOutside }) => allowOutside === true),
    },
    localReader,
  );
}

function selectedServices(repo: Repo, composes: readonly DockerCompose[]): readonly string[] {
  const filters = composes.map(({ services }) => services ?? []);
  const without = filters.filter((filter) => filter.length === 0).length;
  if (without > 0 && without < filters.length) {
    throw new OttoError(
      "COMPOSE_SERVICES_MIXED",
      `reading the stack of ${repo.name}: some [[docker.composes]] select services and some do not`,
      {
        hint: "The files make one project: give each of them `services`, or none.",
        details: { file: repo.settingsFile },
      },
    );
  }
  return [...new Set(filters.flat())];
}

function definedOnly(environment: StackOptions["environment"]): Record<string, string> {
  const defined = Object.entries(environment).filter((pair): pair is [string, string] => pair[1] !== undefined);
  return Object.fromEntries(defined);
}

function notDeclared(repo: Repo): OttoError {
  return new OttoError(
    "COMPOSE_NOT_DECLARED",
    `reading the stack of ${repo.name}: its settings declare no compose file`,
    {
      hint: `Add [[docker.composes]] with a path to ${repo.settingsFile}.`,
      details: { repo: repo.name },
    },
  );
}
