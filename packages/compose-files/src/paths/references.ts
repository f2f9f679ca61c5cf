import type { ShipmentKind } from "../project.js";
import {
  entriesOf,
  itemsOf,
  type MapTree,
  mapAt,
  type ScalarTree,
  scalarAt,
  type Tree,
  textAt,
} from "../text/yaml-tree.js";

/** A path in a compose file that names something on a disk. */
export interface PathReference {
  readonly kind: Exclude<ShipmentKind, "compose" | "extends" | "include" | "dotenv" | "dockerfile">;
  readonly owner: Owner;
  readonly scalar: ScalarTree;
  readonly path: string;
  /** The scalar's text before and behind the path. */
  readonly before: string;
  readonly behind: string;
  /** Compose does without it: `required: false`. */
  readonly optional: boolean;
  readonly format: "dotenv" | "raw";
  /** Of a bind mount: Compose makes a directory where there is nothing. */
  readonly isMade: boolean;
  /** Compose hands it to the engine as it is: only an absolute path means anything. */
  readonly isVerbatim: boolean;
}

export interface Owner {
  readonly section: "services" | "configs" | "secrets" | "volumes";
  readonly name: string;
}

/** Every path in a compose file or in a merged project, but for those that name another compose file. */
export function findReferences(tree: MapTree): PathReference[] {
  const within = (section: Owner["section"], find: (owner: Owner, value: Tree) => PathReference[]) =>
    entriesOf(mapAt(tree, section)).flatMap(([name, value]) => find({ section, name }, value));
  return [
    ...within("services", serviceReferences),
    ...within("configs", (owner, value) => fileReference("config", owner, value)),
    ...within("secrets", (owner, value) => fileReference("secret", owner, value)),
    ...within("volumes", deviceReference),
  ];
}

function serviceReferences(owner: Owner, service: Tree): PathReference[] {
  return [
    ...itemsOf(mapAt(service)?.entries.get("env_file")).flatMap((item) => envFileReference(owner, item)),
    ...scalarsIn(service, "label_file").map((scalar) => wholeReference("label_file", owner, scalar)),
    ...itemsOf(mapAt(service)?.entries.get("volumes")).flatMap((item) => mountReference(owner, item)),
    ...scalarsIn(service, "security_opt").flatMap((scalar) => seccompReference(owner, scalar)),
    ...providerReference(owner, scalarAt(service, "provider", "type")),
    ...buildReferences(owner, mapAt(service)?.entries.get("build")),
  ];
}

export function scalarsIn(tree: Tree, key: string): ScalarTree[] {
  return itemsOf(mapAt(tree)?.entries.get(key)).filter((item) => item.kind === "scalar");
}

function wholeReference(kind: PathReference["kind"], owner: Owner, scalar: ScalarTree): PathReference {
  const before = scalar.prefix ?? "";
  const fixed = { behind: "", optional: false, format: "dotenv", isMade: false, isVerbatim: false } as const;
  return { kind, owner, scalar, path: scalar.text, before, ...fixed };
}

function envFileReference(owner: Owner, item: Tree): PathReference[] {
  const path = item.kind === "scalar" ? item : scalarAt(item, "path");
  if (path === undefined) return [];
  const optional = textAt(item, "required") === "false";
  const format = textAt(item, "format") === "raw" ? "raw" : "dotenv";
  return [{ ...wholeReference("env_file", owner, path), optional, format }];
}

function fileReference(kind: "config" | "secret", owner: Owner, value: Tree): PathReference[] {
  const file = scalarAt(value, "file");
  return file === undefined ? [] : [wholeReference(kind, owner, file)];
}

/** A named volume of the local driver that is a bind mount all the same. */
function deviceReference(owner: Owner, value: Tree): PathReference[] {
  const options = mapAt(value, "driver_opts");
  const device = scalarAt(options, "device");
  const option = textAt(options, "o");
  if (device === undefined || !option?.split(",").some((word) => word === "bind" || word === "rbind")) return [];
  const isVerbatim = option !== "bind" || textAt(value, "driver") !== "local";
  return [{ ...wholeReference("bind", owner, device), isVerbatim }];
}

function mountReference(owner: Owner, item: Tree): PathReference[] {
  if (item.kind !== "scalar") {
    const source = textAt(item, "type") === "bind" ? scalarAt(item, "source") : undefined;
    const isMade = textAt(item, "bind", "create_host_path") === "true";
    return source === undefined ? [] : [{ ...wholeReference("bind", owner, source), isMade }];
  }
  const end = item.text.indexOf(":");
  if (end < 0 || !/^[./~]/.test(item.text)) return [];
  const reference = wholeReference("bind", owner, item);
  return [{ ...reference, path: item.text.slice(0, end), behind: item.text.slice(end), isMade: true }];
}

const namedProfiles = ["unconfined", "builtin"];

/** Compose reads a seccomp profile itself, and sends its text to the engine. */
function seccompReference(owner: Owner, scalar: ScalarTree): PathReference[] {
  const match = /^(seccomp[=:])(.+)$/s.exec(scalar.text);
  const [, before, path] = match ?? [];
  if (before === undefined || path === undefined || namedProfiles.includes(path)) return [];
  return [{ ...wholeReference("seccomp", owner, scalar), before, path }];
}

/** A program; a name without a slash is that of a plugin of the parent. */
function providerReference(owner: Owner, type: ScalarTree | undefined): PathReference[] {
  return type?.text.includes("/") === true ? [wholeReference("provider", owner, type)] : [];
}

/** `type=local,src=./cache`; BuildKit does without one that is not there. */
function cacheReference(owner: Owner, scalar: ScalarTree): PathReference[] {
  const found = localCache(scalar, "src");
  if (found === undefined) return [];
  return [{ ...wholeReference("cache", owner, scalar), ...found, optional: true }];
}

/** The path of a build cache that is a directory, and what stands around it. */
export function localCache(
  { text }: ScalarTree,
  key: "src" | "dest",
): Pick<PathReference, "path" | "before" | "behind"> | undefined {
  if (!/(^|,)type=local(,|$)/.test(text)) return undefined;
  const [, before = "", path = "", behind = ""] = new RegExp(`^(|.*,)${key}=([^,]+)(.*)$`, "s").exec(text) ?? [];
  return path === "" ? undefined : { path, before: `${before}${key}=`, behind };
}

function buildReferences(owner: Owner, build: Tree | undefined): PathReference[] {
  const context = build?.kind === "scalar" && !build.isNull ? build : scalarAt(build, "context");
  const contexts = [context, ...contextsBeside(build)];
  return [
    ...contexts.flatMap((scalar) => (scalar === undefined ? [] : [wholeReference("build", owner, scalar)])),
    ...(build === undefined ? [] : scalarsIn(build, "cache_from")).flatMap((scalar) => cacheReference(owner, scalar)),
    ...assigned(mapAt(build)?.entries.get("ssh")).map((scalar) => wholeReference("ssh", owner, scalar)),
  ];
}

/** What `additional_contexts` names. */
export function contextsBeside(build: Tree | undefined): ScalarTree[] {
  return assigned(mapAt(build)?.entries.get("additional_contexts"));
}

/** The values of a mapping, or of a list of `name=value`. */
function assigned(tree: Tree | undefined): ScalarTree[] {
  const scalars = tree?.kind === "map" ? [...tree.entries.values()] : itemsOf(tree);
  return scalars.flatMap((scalar) => {
    if (scalar.kind !== "scalar" || scalar.isNull) return [];
    return tree?.kind === "map" || scalar.prefix !== undefined ? [scalar] : withPrefix(scalar);
  });
}

function withPrefix(scalar: ScalarTree): ScalarTree[] {
  const end = scalar.text.indexOf("=");
  if (end < 0) return [];
  const raw = scalar.raw.slice(scalar.raw.indexOf("=") + 1);
  return [{ ...scalar, prefix: scalar.text.slice(0, end + 1), text: scalar.text.slice(end + 1), raw }];
}
