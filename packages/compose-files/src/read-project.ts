import { posix } from "node:path";
import { Secret } from "@otto/errors";
import { createLocalDisk } from "./disk/local-disk.js";
import { unsetWarnings } from "./model/findings.js";
import { loadProject } from "./model/load-project.js";
import { selectServices, summarizeServices } from "./model/services.js";
import { readTopology } from "./model/topology.js";
import { findContentVariables, findSecretVariables } from "./model/variables.js";
import { findNeeds } from "./paths/needs.js";
import { findParentPaths } from "./paths/parent-paths.js";
import { pathFinders } from "./paths/references.js";
import { resolveDockerfiles } from "./paths/resolve-dockerfiles.js";
import { resolveReferences } from "./paths/resolve-references.js";
import type { ComposeProject, ComposeSource, ComposeWarning, LocalReader, RewrittenFile } from "./project.js";
import { formatDefaultContexts } from "./ship/default-contexts.js";
import { planRewriting } from "./ship/plan-rewriting.js";
import { findRemoteBases, mergeResources, planStaging } from "./ship/plan-staging.js";
import { findVariableUses, usedEnvironment } from "./ship/used-environment.js";
import { composeError } from "./text/compose-error.js";
import { wholeFile } from "./text/location.js";
import { entriesOf, type MapTree, mapAt, textAt } from "./text/yaml-tree.js";

/**
 * Reads a Compose project and finds every local file that it refers to, and where each belongs on a parent.
 *
 * What is refused is refused here, before anything is sent. Only `reader` is asked; concurrent calls are safe.
 *
 * @throws OttoError `COMPOSE_FILE_INVALID`: broken YAML, an unknown service to extend, a cycle, a broken file of variables.
 * `COMPOSE_FILE_MISSING`: a file that is referred to is not there. `COMPOSE_PATH_OUTSIDE_REPO`: it is not in the repo, nor
 * allowed. `COMPOSE_PATH_UNSUPPORTED`: it is a socket, FIFO or device, or cannot be moved. `COMPOSE_SERVICE_UNKNOWN`:
 * `services` names one that is not declared. `COMPOSE_VARIABLE_UNSET`: a required variable has no value.
 * @see https://github.com/compose-spec/compose-spec/blob/main/spec.md
 */
export function readComposeProject(source: ComposeSource, reader: LocalReader): Promise<ComposeProject> {
  return readProject(source, reader, pathFinders);
}

/** The same with other finders. */
export async function readProject(
  given: ComposeSource,
  reader: LocalReader,
  finders: typeof pathFinders,
): Promise<ComposeProject> {
  checkPaths(given);
  // Without a prototype: a variable may be called `constructor`.
  const environment: ComposeSource["environment"] = Object.assign(Object.create(null), given.environment);
  const source = { ...given, environment };
  const disk = await createLocalDisk(source, reader);

  const { group: command, tree, groups, profiles, defaultContexts, ...loaded } = await loadProject(source, disk);
  checkServiceNames(tree);
  const services = summarizeServices(tree);
  const names = services.map(({ name }) => name);
  checkServices(source, names);
  const selection = selectServices(services, profiles, source.services);

  const project = { groups, tree, isNeeded: findNeeds(tree, selection), finders };
  const references = await resolveReferences(disk, project);
  const dockerfiles = await resolveDockerfiles(disk, project, references.links);

  const links = [...loaded.links, ...references.links, ...dockerfiles.links];
  const envFiles = [...groups.flatMap((group) => group.envFiles), ...references.envFiles];
  const rewriting = planRewriting(links, await findRemoteBases(disk, groups));
  const uses = findVariableUses(rewriting, envFiles);
  const staged = planStaging(rewriting, envFiles, uses);
  const contexts = formatDefaultContexts(command, defaultContexts, { links, rewriting });
  const ownFiles = [command.envFiles.length === 0 ? noVariables : undefined, contexts].filter(
    (file) => file !== undefined,
  );
  const used = usedEnvironment(source, uses);
  const secretVariables = findSecretVariables(tree);

  return {
    name: textAt(tree, "name"),
    profiles,
    services: services.map((service) => ({ ...service, enabled: selection.enabled.has(service.name) })),
    topology: readTopology(tree),
    resources: mergeResources(
      [...references.resources, ...dockerfiles.resources, ...staged.resources],
      [...references.builds, ...dockerfiles.builds],
    ).sort((a, b) => compare(a.remotePath, b.remotePath)),
    rewritten: [...staged.rewritten, ...ownFiles].sort((a, b) => compare(a.remotePath, b.remotePath)),
    commandFiles: [
      ...command.documents.flatMap((document) => rewriting.documents.get(document)?.remotePath ?? []),
      ...(contexts === undefined ? [] : [contexts.remotePath]),
    ],
    projectDirectory: rewriting.groups.get(command)?.base ?? "repo",
    madeDirectories: [...new Set(references.madeDirectories)].sort(compare),
    envFiles: (command.envFiles.length === 0 ? [noVariables] : command.envFiles).map(({ remotePath }) => remotePath),
    contentVariables: new Map(
      findContentVariables(tree).flatMap((name) => secretOf(command.lookup(name)).map((value) => [name, value])),
    ),
    secretVariables,
    secretValues: [...secretVariables.values()].flatMap((name) => secretOf(command.lookup(name))),
    environment: used.environment,
    warnings: unique([
      ...unsetWarnings(groups),
      ...loaded.warnings,
      ...references.warnings,
      ...findParentPaths(project),
      ...used.warnings,
    ]),
  };
}

/** Each message once. */
function unique(warnings: readonly ComposeWarning[]): ComposeWarning[] {
  return [...new Map(warnings.map((warning) => [warning.message, warning])).values()];
}

function secretOf(value: string | undefined): Secret[] {
  return value === undefined ? [] : [new Secret(value)];
}

/** Without it Compose would look for a `.env` by itself. */
const noVariables: RewrittenFile = { remotePath: "compose/none.env", content: "" };

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function checkPaths(source: ComposeSource): void {
  if (source.files.length === 0) throw new TypeError("a Compose project needs at least one file");
  const absolute = [...source.files, ...(source.envFiles ?? []), source.repoRoot, source.home];
  const relative = absolute.find((path) => !posix.isAbsolute(path));
  if (relative !== undefined) throw new TypeError(`not an absolute path: ${relative}`);
}

/** As Compose's schema has them. Whoever lists the services has not asked Compose. */
function checkServiceNames(project: MapTree): void {
  for (const [name, { location }] of entriesOf(mapAt(project, "services"))) {
    if (/^[a-zA-Z0-9._-]+$/.test(name)) continue;
    const said = `invalid service name ${JSON.stringify(name)}: expected letters, digits, '.', '_' and '-'`;
    throw composeError("COMPOSE_FILE_INVALID", location, said);
  }
}

function checkServices(source: ComposeSource, declared: readonly string[]): void {
  const unknown = source.services?.find((name) => !declared.includes(name));
  if (unknown === undefined) return;
  throw composeError(
    "COMPOSE_SERVICE_UNKNOWN",
    wholeFile(source.files.map((path) => posix.basename(path)).join(", ")),
    `there is no service ${unknown}; declared: ${declared.join(", ")}`,
  );
}
