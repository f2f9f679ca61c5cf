import { posix } from "node:path";
import type { LocalDisk } from "../disk/local-disk.js";
import { isRemoteContext, isWithin, type LocalPath } from "../disk/local-path.js";
import type { Link } from "../model/document.js";
import type { ContextUse } from "../project.js";
import { composeError } from "../text/compose-error.js";
import type { Location } from "../text/location.js";
import { entriesOf, type MapTree, mapAt, nodeKey, type ScalarTree, scalarAt, textAt } from "../text/yaml-tree.js";
import { contextsBeside } from "./references.js";
import {
  type BuildUse,
  joinReferences,
  type ReferringProject,
  type ResolvedReferences,
  resourceOf,
} from "./resolve-references.js";

type Found = Partial<ResolvedReferences>;

/**
 * Looks up the Dockerfiles that lie outside of their context, makes sure of those inside, and says of each context what it
 * is built by.
 *
 * @param links of the contexts
 * @throws OttoError `COMPOSE_FILE_MISSING`, `COMPOSE_PATH_OUTSIDE_REPO`, `COMPOSE_PATH_UNSUPPORTED`.
 */
export async function resolveDockerfiles(
  disk: LocalDisk,
  { tree, isNeeded }: ReferringProject,
  links: readonly Link[],
): Promise<ResolvedReferences> {
  const byNode = new Map(links.map((link) => [nodeKey(link.scalar), link]));
  const services = entriesOf(mapAt(tree, "services")).map(([service, definition]) => {
    return { service, build: mapAt(definition, "build") };
  });
  const parts: Found[] = [];
  for (const { service, build } of services) {
    const context = scalarAt(build, "context");
    if (build === undefined || context === undefined) continue;
    const required = isNeeded({ section: "services", name: service }, "dockerfile");
    const local = contextPathOf(disk, context);
    if (local === undefined) {
      if (required) refuseLocalDockerfile(declaredDockerfile(build));
      continue;
    }
    const use = { service, contextPath: local.path, context, declared: declaredDockerfile(build), required };
    const found = isInline(build) ? undefined : await resolveDockerfile(disk, use, byNode);
    const builds = await contextUse(disk, local, { service, dockerfile: found?.dockerfile });
    parts.push(found ?? {}, { builds });
  }
  for (const { service, build } of services) {
    for (const scalar of contextsBeside(build)) {
      const local = contextPathOf(disk, scalar);
      if (local !== undefined)
        parts.push({ builds: await contextUse(disk, local, { service, dockerfile: undefined }) });
    }
  }
  return joinReferences(parts);
}

/** Where the context of a build lies; undefined for what is not of this machine. */
function contextPathOf(disk: LocalDisk, { text, node }: ScalarTree): LocalPath | undefined {
  return isRemoteContext(text) ? undefined : disk.pathOf(text, node.base);
}

async function contextUse(disk: LocalDisk, context: LocalPath, use: ContextUse): Promise<BuildUse[]> {
  const resolved = await disk.find(context);
  return resolved === undefined ? [] : [{ kind: "build", remotePath: resolved.remotePath, use }];
}

/** An empty text is none to Compose. */
function isInline(build: MapTree): boolean {
  return (textAt(build, "dockerfile_inline") ?? "") !== "";
}

function declaredDockerfile(build: MapTree): ScalarTree | undefined {
  const declared = scalarAt(build, "dockerfile");
  return declared?.text === "" ? undefined : declared;
}

/** Compose takes a relative one from the context that the parent fetches, and where an absolute one lies there nobody knows yet. */
function refuseLocalDockerfile(declared: ScalarTree | undefined): void {
  if (declared?.text.startsWith("/") !== true) return;
  const message = `${declared.text} is of this machine, and the context is fetched by the parent: write it as dockerfile_inline`;
  throw composeError("COMPOSE_PATH_UNSUPPORTED", declared.location, message);
}

interface DockerfileUse {
  readonly service: string;
  readonly contextPath: string;
  readonly context: ScalarTree;
  readonly declared: ScalarTree | undefined;
  readonly required: boolean;
}

/** `dockerfile`: where the builder will find it, as a path of this machine. */
async function resolveDockerfile(
  disk: LocalDisk,
  use: DockerfileUse,
  links: ReadonlyMap<string, Link>,
): Promise<Found & { readonly dockerfile: string }> {
  const { contextPath, declared, required } = use;
  const path = await dockerfilePath(disk, contextPath, declared);
  const location = declared?.location ?? use.context.location;
  const entry = await disk.stat(path);
  const context = await disk.stat(contextPath);
  if (required && entry === undefined && isWithin(path, contextPath))
    throw composeError("COMPOSE_FILE_MISSING", location, `${disk.display(path)} does not exist`);
  const isInside = entry !== undefined && context !== undefined && isWithin(entry.realPath, context.realPath);
  const local = { path, fromHome: false };
  const resolved = isInside || !required ? await disk.find(local) : await disk.resolve(local, location);
  const sent = resolved === undefined || isInside ? {} : await sendWithIgnore(disk, use, { path, location });
  if (declared === undefined || (isInside && !declared.text.startsWith("/")))
    return { ...sent, dockerfile: await withRealDirectory(disk, path) };
  const remotePath = resolved?.remotePath ?? disk.remotePathOf(local);
  const from = links.get(nodeKey(use.context))?.to;
  const link = { scalar: declared, path: declared.text, before: "", behind: "", to: { remotePath }, from };
  return { ...sent, links: from === undefined ? [] : [link], dockerfile: resolved?.localPath ?? path };
}

/** A Dockerfile outside of its context, and its own ignore rules, which lie beside it. */
async function sendWithIgnore(
  disk: LocalDisk,
  { service, required }: DockerfileUse,
  { path, location }: { readonly path: string; readonly location: Location },
): Promise<Found> {
  const kind = "dockerfile";
  const found = await Promise.all(
    [path, `${path}.dockerignore`].map((one) => disk.find({ path: one, fromHome: false })),
  );
  const resources = found.flatMap((resolved, index) =>
    resolved === undefined ? [] : [resourceOf(resolved, { kind, required: required && index === 0, location })],
  );
  const use = { service, dockerfile: undefined };
  return { resources, builds: resources.map(({ remotePath }) => ({ kind, remotePath, use })) };
}

async function withRealDirectory(disk: LocalDisk, path: string): Promise<string> {
  const directory = await disk.stat(posix.dirname(path));
  return directory === undefined ? path : posix.join(directory.realPath, posix.basename(path));
}

/** BuildKit takes `dockerfile` where there is no `Dockerfile`, when none is named. */
async function dockerfilePath(disk: LocalDisk, contextPath: string, declared: ScalarTree | undefined): Promise<string> {
  if (declared !== undefined) return posix.resolve(contextPath, declared.text);
  const [upper, lower] = [posix.join(contextPath, "Dockerfile"), posix.join(contextPath, "dockerfile")];
  const isLower = (await disk.stat(upper)) === undefined && (await disk.stat(lower)) !== undefined;
  return isLower ? lower : upper;
}
