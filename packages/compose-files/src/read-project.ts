import { posix } from "node:path";
import type { DocumentGroup, EnvFile } from "./compose-document.js";
import { shipDockerfiles } from "./dockerfile.js";
import { composeError } from "./faults.js";
import { loadGroup } from "./load-group.js";
import { findEnvFile, type Loading, loadEnvFile, lookupIn } from "./loading.js";
import { resolveLocalPath } from "./local-path.js";
import { createLocator } from "./locator.js";
import { findNeeds } from "./needs.js";
import type { ComposeProject, ComposeSource, LocalReader, RewrittenFile } from "./project.js";
import { type Placement, planRewriting } from "./rewriting.js";
import { selectServices, summarizeServices } from "./services.js";
import { addShipment, type Shipping, shipReferences } from "./shipping.js";
import type { Lookup } from "./template.js";
import { usedEnvironment } from "./used-environment.js";
import { type MapTree, textAt } from "./yaml-tree.js";

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
  const summaries = summarizeServices(project);
  checkServices(
    source,
    summaries.map(({ name }) => name),
  );
  const selection = selectServices(summaries, profiles, source.services);

  const documents = new Map(loading.groups.flatMap((group) => group.documents.map((one) => [one.id, one] as const)));
  const shipping: Shipping = {
    loading,
    documents,
    project,
    isNeeded: findNeeds(project, selection),
    shipments: new Map(),
  };
  await shipReferences(shipping);
  await shipDockerfiles(shipping);
  const placement = planRewriting({ groups: loading.groups, links: loading.links, baseOf: await remoteBases(loading) });
  const rewritten = rewriteAll(loading, placement, shipping);
  const remoteEnvFiles = envFiles.map(({ remotePath }) => remotePath);
  if (envFiles.length === 0) rewritten.push(noVariables);

  return {
    name: textAt(project, "name"),
    profiles,
    services: summaries.map((service) => ({ ...service, enabled: selection.enabled.has(service.name) })),
    shipments: [...shipping.shipments.values()].sort((a, b) => compare(a.remotePath, b.remotePath)),
    rewritten: rewritten.sort((a, b) => compare(a.remotePath, b.remotePath)),
    commandFiles: command.documents.map((document) => placement.remotePathOf(document)),
    projectDirectory: placement.baseOf(command),
    envFiles: envFiles.length === 0 ? [noVariables.remotePath] : remoteEnvFiles,
    ...usedEnvironment(loading, placement),
  };
}

/** Without it Compose would look for a `.env` by itself. */
const noVariables: RewrittenFile = { remotePath: "compose/none.env", content: "" };

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

async function createLoading(source: ComposeSource, reader: LocalReader): Promise<Loading> {
  if (source.files.length === 0) throw new TypeError("a Compose project needs at least one file");
  const absolute = [...source.files, ...(source.envFiles ?? []), source.repoRoot, source.home];
  const relative = absolute.find((path) => !posix.isAbsolute(path));
  if (relative !== undefined) throw new TypeError(`not an absolute path: ${relative}`);
  const locator = await createLocator(source, reader);
  return { source, reader, locator, groups: [], links: [], envFiles: [], warnings: new Map(), documentCount: 0 };
}

async function createCommandGroup(loading: Loading): Promise<{ command: DocumentGroup; envFiles: readonly EnvFile[] }> {
  const { source } = loading;
  const base = posix.resolve(source.projectDirectory ?? posix.dirname(source.files[0] ?? ""));
  const given: Lookup = (name) => {
    return name === "COMPOSE_PROJECT_NAME" && source.projectName !== undefined
      ? source.projectName
      : source.environment[name];
  };
  const envFiles = await commandEnvFiles(loading, given, base);
  const lookup = lookupIn(loading, given, envFiles);
  const command: DocumentGroup = {
    ...{ kind: "compose", key: "compose", base, hasOwnBase: true, lookup, documents: [], impliedEnvFile: undefined },
  };
  loading.groups.push(command);
  return { command, envFiles };
}

async function commandEnvFiles(loading: Loading, given: Lookup, base: string): Promise<EnvFile[]> {
  const { envFiles, repoRoot, home } = loading.source;
  if (envFiles === undefined) {
    const found = (await findEnvFile(loading, given, base)) ?? (await findEnvFile(loading, given, repoRoot));
    return found === undefined ? [] : [found];
  }
  const files: EnvFile[] = [];
  for (const path of envFiles) {
    const local = resolveLocalPath(path, base, home);
    const place = { file: loading.locator.display(path), line: 0, key: "" };
    files.push(await loadEnvFile(loading, given, { local, place, kind: "dotenv", required: true }));
  }
  return files;
}

async function loadCommand(loading: Loading, command: DocumentGroup): Promise<MapTree> {
  const { files, home } = loading.source;
  const mentions = files.map((path) => {
    return {
      local: resolveLocalPath(path, command.base, home),
      place: { file: loading.locator.display(path), line: 0, key: "" },
    };
  });
  const project = await loadGroup(
    loading,
    command,
    mentions,
    mentions.map(({ local }) => local.path),
  );
  const [first] = mentions;
  if (project.entries.size === 0 && first !== undefined)
    throw composeError("COMPOSE_FILE_INVALID", first.place, "it is empty");
  return project;
}

function activeProfiles(source: ComposeSource, lookup: Lookup): readonly string[] {
  if (source.profiles !== undefined && source.profiles.length > 0) return source.profiles;
  return (lookup("COMPOSE_PROFILES") ?? "").split(",").filter((profile) => profile !== "");
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

/** Looks up where each group's relative paths start from in the staged tree. */
async function remoteBases({ groups, locator }: Loading): Promise<(group: DocumentGroup) => string> {
  const bases = new Map<DocumentGroup, string>();
  for (const group of groups) {
    const [first] = group.documents;
    const local = { path: group.base, fromHome: false };
    const base = group.hasOwnBase || first === undefined ? undefined : posix.dirname(first.located.remotePath);
    bases.set(group, base ?? (await locator.find(local))?.remotePath ?? locator.remotePathOf(local));
  }
  return (group) => bases.get(group) ?? "repo";
}

function rewriteAll({ groups, envFiles }: Loading, placement: Placement, { shipments }: Shipping): RewrittenFile[] {
  const rewritten = new Map<string, string>();
  for (const document of groups.flatMap((group) => group.documents)) {
    const content = placement.contentOf(document);
    if (content !== undefined) rewritten.set(placement.remotePathOf(document), content);
    else addShipment(shipments, document.located, document.group.kind, true, document.place);
  }
  const implied = movedEnvFiles(groups, placement);
  for (const file of envFiles) {
    const movedTo = implied.get(file);
    const content = file.fixed ?? (movedTo === undefined ? undefined : file.dotenv.text);
    if (content !== undefined) rewritten.set(movedTo ?? file.remotePath, content);
    else addShipment(shipments, file.located, file.kind, file.required, file.place);
  }
  return [...rewritten].map(([remotePath, content]) => ({ remotePath, content }));
}

/** The variables of a moved group go with it: Compose looks for them in its directory. */
function movedEnvFiles(groups: readonly DocumentGroup[], placement: Placement): Map<EnvFile, string> {
  const moved = groups.filter((group) => placement.isMoved(group));
  return new Map(
    moved.flatMap((group) => {
      const { impliedEnvFile } = group;
      return impliedEnvFile === undefined
        ? []
        : [[impliedEnvFile, posix.join(placement.baseOf(group), ".env")] as const];
    }),
  );
}
