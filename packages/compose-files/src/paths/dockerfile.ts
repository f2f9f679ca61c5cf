import { posix } from "node:path";
import { isWithin } from "../disk/local-path.js";
import type { Located } from "../disk/locator.js";
import type { LocalReader } from "../project.js";
import { composeError } from "../text/faults.js";
import { entriesOf, type MapTree, mapAt, type Place, type ScalarTree, scalarAt, textAt } from "../text/yaml-tree.js";
import { contextPathOf, noteContextUse, noteDockerfileUse } from "./context-use.js";
import { addShipment, type Shipping, siteKey } from "./shipping.js";

/**
 * Ships the Dockerfiles that lie outside of their context, makes sure of those inside, and notes at each context what it is
 * built by.
 *
 * @throws OttoError `COMPOSE_FILE_MISSING`, `COMPOSE_PATH_OUTSIDE_REPO`, `COMPOSE_PATH_UNSUPPORTED`.
 */
export async function shipDockerfiles(shipping: Shipping): Promise<void> {
  for (const [service, definition] of entriesOf(mapAt(shipping.project, "services"))) {
    const build = mapAt(definition, "build");
    const context = scalarAt(build, "context");
    if (build === undefined || context === undefined) continue;
    const required = shipping.isNeeded({ section: "services", name: service }, "dockerfile");
    const local = contextPathOf(shipping, context);
    if (local === undefined) {
      if (required) refuseLocalDockerfile(declaredDockerfile(build));
      continue;
    }
    const built = { service, contextPath: local.path, context, declared: declaredDockerfile(build), required };
    const dockerfile = isInline(build) ? undefined : await shipDockerfile(shipping, built);
    await noteContextUse(shipping, local, { service, dockerfile });
  }
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
  throw composeError("COMPOSE_PATH_UNSUPPORTED", declared.place, message);
}

interface DockerfileUse {
  readonly service: string;
  readonly contextPath: string;
  readonly context: ScalarTree;
  readonly declared: ScalarTree | undefined;
  readonly required: boolean;
}

/** @returns where the builder will find it, as a path of this machine */
async function shipDockerfile(shipping: Shipping, use: DockerfileUse): Promise<string> {
  const { reader, locator } = shipping.loading;
  const { contextPath, declared, required } = use;
  const path = await dockerfilePath(shipping, contextPath, declared);
  const place = declared?.place ?? use.context.place;
  const entry = await reader.stat(path);
  const context = await reader.stat(contextPath);
  if (required && entry === undefined && isWithin(path, contextPath)) throw missing(shipping, path, place);
  const isInside = entry !== undefined && context !== undefined && isWithin(entry.realPath, context.realPath);
  const local = { path, fromHome: false };
  const located = isInside || !required ? await locator.find(local) : await locator.locate(local, place);
  if (located !== undefined && !isInside) await shipOutside(shipping, use, { path, located, place });
  if (declared === undefined || (isInside && !declared.text.startsWith("/"))) return withRealDirectory(reader, path);
  linkDockerfile(shipping, declared, use, located?.remotePath ?? locator.remotePathOf(local));
  return located?.localPath ?? path;
}

interface OutsideDockerfile {
  readonly path: string;
  readonly located: Located;
  readonly place: Place;
}

/** The Dockerfile and its own ignore rules, which lie beside it. */
async function shipOutside(
  shipping: Shipping,
  { service, required }: DockerfileUse,
  { path, located, place }: OutsideDockerfile,
): Promise<void> {
  const ignore = await shipping.loading.locator.find({ path: `${path}.dockerignore`, fromHome: false });
  addShipment(shipping.shipments, located, "dockerfile", required, place);
  noteDockerfileUse(shipping, located, service);
  if (ignore === undefined) return;
  addShipment(shipping.shipments, ignore, "dockerfile", false, place);
  noteDockerfileUse(shipping, ignore, service);
}

async function withRealDirectory(reader: LocalReader, path: string): Promise<string> {
  const directory = await reader.stat(posix.dirname(path));
  return directory === undefined ? path : posix.join(directory.realPath, posix.basename(path));
}

/** BuildKit takes `dockerfile` where there is no `Dockerfile`, when none is named. */
async function dockerfilePath({ loading }: Shipping, contextPath: string, declared: ScalarTree | undefined) {
  if (declared !== undefined) return posix.resolve(contextPath, declared.text);
  const [upper, lower] = [posix.join(contextPath, "Dockerfile"), posix.join(contextPath, "dockerfile")];
  const isLower = (await loading.reader.stat(upper)) === undefined && (await loading.reader.stat(lower)) !== undefined;
  return isLower ? lower : upper;
}

function missing({ loading }: Shipping, path: string, place: Place) {
  return composeError("COMPOSE_FILE_MISSING", place, `${loading.locator.display(path)} does not exist`);
}

function linkDockerfile({ loading }: Shipping, scalar: ScalarTree, use: DockerfileUse, remotePath: string): void {
  const context = loading.links.find(({ scalar: other }) => siteKey(other) === siteKey(use.context));
  if (context === undefined) return;
  const link = { scalar, path: scalar.text, before: "", behind: "" };
  loading.links.push({ ...link, to: { remotePath }, from: context.to });
}
