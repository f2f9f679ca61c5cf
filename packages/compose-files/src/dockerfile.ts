import { posix } from "node:path";
import { contextPathOf, noteContextUse } from "./context-use.js";
import { composeError } from "./faults.js";
import { isWithin } from "./local-path.js";
import type { LocalReader } from "./project.js";
import { addShipment, type Shipping, siteKey } from "./shipping.js";
import { at, entriesOf, type MapTree, mapAt, type Place, type ScalarTree, scalarAt } from "./yaml-tree.js";

/**
 * Ships the Dockerfiles that lie outside of their context, makes sure of those inside, and notes at each context what it is
 * built by.
 *
 * @throws OttoError `COMPOSE_FILE_MISSING`, `COMPOSE_PATH_OUTSIDE_REPO`.
 */
export async function shipDockerfiles(shipping: Shipping): Promise<void> {
  for (const [name, service] of entriesOf(mapAt(shipping.project, "services"))) {
    const build = mapAt(service, "build");
    const context = scalarAt(build, "context");
    const local = context && contextPathOf(shipping, context);
    if (build === undefined || context === undefined || local === undefined) continue;
    const required = shipping.isNeeded({ section: "services", name }, "dockerfile");
    const isInline = at(build, "dockerfile_inline") !== undefined;
    const built = { contextPath: local.path, context, required };
    const dockerfile = isInline ? undefined : await shipDockerfile(shipping, build, built);
    await noteContextUse(shipping, local, { service: name, dockerfile });
  }
}

interface BuildContext {
  readonly contextPath: string;
  readonly context: ScalarTree;
  readonly required: boolean;
}

/** @returns where the builder will find it, as a path of this machine */
async function shipDockerfile(shipping: Shipping, build: MapTree, built: BuildContext): Promise<string> {
  const { loading, shipments } = shipping;
  const { reader, locator } = loading;
  const declared = scalarAt(build, "dockerfile");
  const path = await dockerfilePath(shipping, built.contextPath, declared);
  const place = declared?.place ?? built.context.place;
  const entry = await reader.stat(path);
  const context = await reader.stat(built.contextPath);
  if (built.required && entry === undefined && isWithin(path, built.contextPath)) throw missing(shipping, path, place);
  const isInside = entry !== undefined && context !== undefined && isWithin(entry.realPath, context.realPath);
  const local = { path, fromHome: false };
  const located = isInside || !built.required ? await locator.find(local) : await locator.locate(local, place);
  if (located !== undefined && !isInside) {
    addShipment(shipments, located, "dockerfile", built.required, place);
    const ignore = await locator.find({ path: `${path}.dockerignore`, fromHome: false });
    if (ignore !== undefined) addShipment(shipments, ignore, "dockerfile", false, place);
  }
  if (declared === undefined || (isInside && !declared.text.startsWith("/"))) return withRealDirectory(reader, path);
  linkDockerfile(shipping, declared, built, located?.remotePath ?? locator.remotePathOf(local));
  return located?.localPath ?? path;
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

function linkDockerfile({ loading }: Shipping, scalar: ScalarTree, built: BuildContext, remotePath: string): void {
  const context = loading.links.find(({ scalar: other }) => siteKey(other) === siteKey(built.context));
  if (context === undefined) return;
  const link = { scalar, path: scalar.text, before: "", behind: "" };
  loading.links.push({ ...link, to: { remotePath }, from: context.to });
}
