import { posix } from "node:path";
import { Secret } from "@otto/errors";
import { createLocator } from "./disk/locator.js";
import { activeProfiles, createCommandGroup, loadCommand } from "./model/command-group.js";
import type { DocumentGroup } from "./model/compose-document.js";
import { writeDefaultContexts } from "./model/default-context.js";
import type { Loading } from "./model/loading.js";
import { selectServices, summarizeServices } from "./model/services.js";
import { findContentVariables, findSecretVariables } from "./model/variables.js";
import { noteContextsBeside } from "./paths/context-use.js";
import { shipDockerfiles } from "./paths/dockerfile.js";
import { findNeeds } from "./paths/needs.js";
import { type Shipping, shipReferences } from "./paths/shipping.js";
import { warnOfUnsent } from "./paths/unsent-paths.js";
import type { ComposeProject, ComposeSource, LocalReader, RewrittenFile } from "./project.js";
import { planRewriting } from "./ship/rewriting.js";
import { findRemoteBases, rewriteFiles } from "./ship/staged-files.js";
import { findVariableUses, usedEnvironment } from "./ship/used-environment.js";
import { composeError } from "./text/faults.js";
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
export async function readComposeProject(source: ComposeSource, reader: LocalReader): Promise<ComposeProject> {
  const loading = await createLoading(source, reader);
  const { command, envFiles } = await createCommandGroup(loading);
  const project = await loadCommand(loading, command);
  const profiles = activeProfiles(source, command.lookup);
  checkServiceNames(project);
  const summaries = summarizeServices(project);
  checkServices(
    source,
    summaries.map(({ name }) => name),
  );
  const selection = selectServices(summaries, profiles, source.services);

  const shipping: Shipping = {
    loading,
    groups: groupsById(loading),
    project,
    isNeeded: findNeeds(project, selection),
    shipments: new Map(),
  };
  await shipReferences(shipping);
  await shipDockerfiles(shipping);
  await noteContextsBeside(shipping);
  warnOfUnsent(shipping);
  const placement = planRewriting({
    groups: loading.groups,
    links: loading.links,
    baseOf: await findRemoteBases(loading),
  });
  const uses = findVariableUses(loading, placement);
  const rewritten = rewriteFiles(shipping, placement, uses);
  const contexts = writeDefaultContexts(loading, placement);
  const remoteEnvFiles = envFiles.map(({ remotePath }) => remotePath);
  if (envFiles.length === 0) rewritten.push(noVariables);
  if (contexts !== undefined) rewritten.push(contexts);

  return {
    name: textAt(project, "name"),
    profiles,
    services: summaries.map((service) => ({ ...service, enabled: selection.enabled.has(service.name) })),
    shipments: [...shipping.shipments.values()].sort((a, b) => compare(a.remotePath, b.remotePath)),
    rewritten: rewritten.sort((a, b) => compare(a.remotePath, b.remotePath)),
    commandFiles: [
      ...command.documents.map((document) => placement.remotePathOf(document)),
      ...(contexts === undefined ? [] : [contexts.remotePath]),
    ],
    projectDirectory: placement.baseOf(command),
    madeDirectories: [...loading.madeDirectories].sort(compare),
    envFiles: envFiles.length === 0 ? [noVariables.remotePath] : remoteEnvFiles,
    contentVariables: new Map(
      findContentVariables(project).flatMap((name) => secretOf(command.lookup(name)).map((value) => [name, value])),
    ),
    secretValues: findSecretVariables(project).flatMap((name) => secretOf(command.lookup(name))),
    ...usedEnvironment(loading, uses),
  };
}

function secretOf(value: string | undefined): Secret[] {
  return value === undefined ? [] : [new Secret(value)];
}

/** Without it Compose would look for a `.env` by itself. */
const noVariables: RewrittenFile = { remotePath: "compose/none.env", content: "" };

function groupsById({ groups, defaultContexts }: Loading): ReadonlyMap<number, DocumentGroup> {
  const written = groups.flatMap((group) => group.documents.map(({ id }) => [id, group] as const));
  const defaults = defaultContexts.map(({ scalar, group }) => [scalar.site.documentId, group] as const);
  return new Map([...written, ...defaults]);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

async function createLoading(source: ComposeSource, reader: LocalReader): Promise<Loading> {
  if (source.files.length === 0) throw new TypeError("a Compose project needs at least one file");
  const absolute = [...source.files, ...(source.envFiles ?? []), source.repoRoot, source.home];
  const relative = absolute.find((path) => !posix.isAbsolute(path));
  if (relative !== undefined) throw new TypeError(`not an absolute path: ${relative}`);
  const locator = await createLocator(source, reader);
  return {
    // Without a prototype: a variable may be called `constructor`.
    source: {
      ...source,
      environment: Object.assign(Object.create(null), source.environment) as typeof source.environment,
    },
    reader,
    locator,
    groups: [],
    links: [],
    defaultContexts: [],
    envFiles: [],
    warnings: new Map(),
    madeDirectories: new Set(),
    documentCount: 0,
  };
}

/** As Compose's schema has them. Whoever lists the services has not asked Compose. */
function checkServiceNames(project: MapTree): void {
  for (const [name, { place }] of entriesOf(mapAt(project, "services"))) {
    if (/^[a-zA-Z0-9._-]+$/.test(name)) continue;
    const said = `invalid service name ${JSON.stringify(name)}: expected letters, digits, '.', '_' and '-'`;
    throw composeError("COMPOSE_FILE_INVALID", place, said);
  }
}

function checkServices(source: ComposeSource, declared: readonly string[]): void {
  const unknown = source.services?.find((name) => !declared.includes(name));
  if (unknown === undefined) return;
  const place = { file: source.files.map((path) => posix.basename(path)).join(", "), line: 0, key: "" };
  throw composeError(
    "COMPOSE_SERVICE_UNKNOWN",
    place,
    `there is no service ${unknown}; declared: ${declared.join(", ")}`,
  );
}
