import { isRemoteContext, isWithin, type LocalPath, resolveLocalPath } from "../disk/local-path.js";
import type { Located } from "../disk/locator.js";
import type { DocumentGroup, LinkTarget } from "../model/compose-document.js";
import { type Loading, loadEnvFile } from "../model/loading.js";
import type { Shipment } from "../project.js";
import { composeError, mentionOf } from "../text/faults.js";
import type { MapTree, Place, ScalarTree } from "../text/yaml-tree.js";
import { findReferences, type Owner, type PathReference } from "./references.js";

/** What the references of all documents are resolved against. */
export interface Shipping {
  readonly loading: Loading;
  /** By document: whose paths it starts from. */
  readonly groups: ReadonlyMap<number, DocumentGroup>;
  /** All files merged. */
  readonly project: MapTree;
  /** Whether what `owner` refers to has to be there. */
  readonly isNeeded: (owner: Owner, kind: Shipment["kind"]) => boolean;
  readonly shipments: Map<string, Shipment>;
}

/**
 * Ships what the documents refer to, and links each reference to its place in the staged tree. What only an overridden
 * value or a disabled service refers to is shipped where it can be.
 *
 * @throws OttoError `COMPOSE_PATH_OUTSIDE_REPO`, `COMPOSE_FILE_MISSING`, `COMPOSE_PATH_UNSUPPORTED`, `COMPOSE_FILE_INVALID`.
 */
export async function shipReferences(shipping: Shipping): Promise<void> {
  const needed = new Set<string>();
  const effective = findReferences(shipping.project);
  for (const reference of effective) {
    const { owner, kind, optional, scalar } = reference;
    if (!optional && shipping.isNeeded(owner, kind)) needed.add(siteKey(scalar));
  }
  const seen = new Set<string>();
  const documents = shipping.loading.groups.flatMap((group) => group.documents);
  const written = documents.flatMap((document) => document.trees.flatMap(findReferences));
  for (const reference of [...written, ...effective]) {
    const key = siteKey(reference.scalar);
    if (!seen.has(key)) await shipReference(shipping, reference, needed.has(key));
    seen.add(key);
  }
}

/** One scalar of one document, whichever aliases lead to it. */
export function siteKey({ site }: ScalarTree): string {
  return `${site.documentId}:${site.range[0]}`;
}

async function shipReference(shipping: Shipping, reference: PathReference, required: boolean): Promise<void> {
  const local = localPathOf(shipping, reference);
  if (local === undefined) return;
  const to = await targetOf(shipping, reference, local, required);
  const { scalar, path, before, behind } = reference;
  shipping.loading.links.push({ scalar, path, before, behind, to, from: projectBase(shipping, reference) });
}

/** What Compose, a builder or the system looks for from the project directory, whichever file names it. */
const fromProjectDirectory: ReadonlySet<PathReference["kind"]> = new Set(["seccomp", "provider", "cache"]);

function projectBase({ loading }: Shipping, { kind }: PathReference): LinkTarget | undefined {
  const [command] = loading.groups;
  return fromProjectDirectory.has(kind) && command !== undefined ? { base: command } : undefined;
}

/** `undefined` for what is not of this machine. */
function localPathOf({ loading, groups }: Shipping, reference: PathReference): LocalPath | undefined {
  const { kind, path, scalar, isVerbatim } = reference;
  const { home } = loading.source;
  const group = fromProjectDirectory.has(kind) ? loading.groups[0] : groups.get(scalar.site.documentId);
  if (path === "" || group === undefined || (kind === "build" && isRemoteContext(path))) return undefined;
  const local = resolveLocalPath(path, group.base, home);
  if (!path.startsWith("/")) return isVerbatim ? undefined : local;
  if (isWithin(local.path, "/dev")) return undefined;
  if (loading.locator.isInRepo(local.path)) {
    if (isVerbatim) throw composeError("COMPOSE_PATH_UNSUPPORTED", scalar.place, verbatimMessage);
    return local;
  }
  // A cache there is the parent's own.
  if (kind === "cache") return undefined;
  if (kind !== "bind") return local;
  const isOwnHome = !scalar.raw.startsWith("/") && home !== "/" && isWithin(local.path, home);
  return isOwnHome ? { path: local.path, fromHome: true } : undefined;
}

const verbatimMessage = "a volume with a device in the repo needs `driver: local` and `o: bind`";

async function targetOf(
  shipping: Shipping,
  reference: PathReference,
  local: LocalPath,
  required: boolean,
): Promise<LinkTarget> {
  const { kind, scalar, format, optional, owner } = reference;
  const { loading } = shipping;
  const { place } = scalar;
  const isRead = kind === "env_file" && (required || (optional && shipping.isNeeded(owner, kind)));
  if (isRead && (required || (await loading.reader.stat(local.path)) !== undefined)) {
    const lookup = loading.groups[0]?.lookup ?? (() => undefined);
    return loadEnvFile(loading, lookup, { local, place, kind, required, format });
  }
  const isThere = kind === "cache" && (await loading.reader.stat(local.path)) !== undefined;
  if (required && reference.isMade && (await isNowhere(loading, local))) return makeDirectory(loading, local, place);
  const located =
    required || (isThere && shipping.isNeeded(owner, kind))
      ? await loading.locator.locate(local, place)
      : await loading.locator.find(local);
  if (located !== undefined) addShipment(shipping.shipments, located, kind, required, place);
  return { remotePath: located?.remotePath ?? loading.locator.remotePathOf(local) };
}

/** Nothing is there, and what would be there would be shipped. */
async function isNowhere({ reader, locator }: Loading, { path }: LocalPath): Promise<boolean> {
  return locator.isInRepo(path) && (await reader.stat(path)) === undefined;
}

function makeDirectory({ locator, madeDirectories, warnings }: Loading, local: LocalPath, place: Place): LinkTarget {
  const mention = mentionOf(place);
  const message = `${mention}: ${locator.display(local.path)} does not exist; an empty directory is mounted, as Compose does`;
  warnings.set(`made ${mention}`, { code: "COMPOSE_BIND_MADE", message, mention });
  const remotePath = locator.remotePathOf(local);
  madeDirectories.add(remotePath);
  return { remotePath };
}

/** What a shipment is found again by. */
export function shipmentKey(kind: Shipment["kind"], { remotePath }: Located): string {
  return `${kind} ${remotePath}`;
}

/** The first mention of a file names it; one that is required makes it so. */
export function addShipment(
  shipments: Map<string, Shipment>,
  located: Located,
  kind: Shipment["kind"],
  required: boolean,
  place: Place,
): void {
  const key = shipmentKey(kind, located);
  const earlier = shipments.get(key);
  if (earlier !== undefined && (earlier.required || !required)) return;
  shipments.set(key, { ...earlier, ...located, kind, required, mention: mentionOf(place) });
}
