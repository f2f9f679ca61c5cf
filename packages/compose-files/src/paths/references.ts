import type { LocalResourceKind } from "../project.js";
import {
  at,
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
  readonly kind: Exclude<LocalResourceKind, "compose" | "extends" | "include" | "dotenv" | "dockerfile">;
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

/** How paths are found in the values of some keys. */
export interface PathFinder {
  readonly section: Owner["section"];
  /** As in {@link otherKeys}, below `<section>.*`. */
  readonly keys: readonly string[];
  readonly find: (owner: Owner, value: Tree) => readonly PathReference[];
}

/** Every key whose value names something on a disk, but for those that name another compose file, and Dockerfiles. */
export const pathFinders: readonly PathFinder[] = [
  { section: "services", keys: ["env_file", "env_file.path"], find: envFileReferences },
  { section: "services", keys: ["label_file"], find: labelFileReferences },
  { section: "services", keys: ["volumes", "volumes.source"], find: mountReferences },
  { section: "services", keys: ["security_opt"], find: seccompReferences },
  { section: "services", keys: ["provider.type"], find: providerReferences },
  { section: "services", keys: ["build", "build.context"], find: contextReferences },
  { section: "services", keys: ["build.additional_contexts.*"], find: contextBesideReferences },
  { section: "services", keys: ["build.cache_from"], find: cacheReferences },
  { section: "services", keys: ["build.ssh.*"], find: sshReferences },
  { section: "configs", keys: ["file"], find: (owner, value) => fileReferences("config", owner, value) },
  { section: "secrets", keys: ["file"], find: (owner, value) => fileReferences("secret", owner, value) },
  { section: "volumes", keys: ["driver_opts.*"], find: deviceReferences },
];

const sections = ["services", "configs", "secrets", "volumes"] as const;

/** Every path in a compose file or in a merged project, as far as `finders` know its key. */
export function findReferences(tree: MapTree, finders = pathFinders): PathReference[] {
  return sections.flatMap((section) =>
    entriesOf(mapAt(tree, section)).flatMap(([name, value]) =>
      finders.filter((finder) => finder.section === section).flatMap(({ find }) => find({ section, name }, value)),
    ),
  );
}

export function scalarsIn(tree: Tree | undefined, key: string): ScalarTree[] {
  return itemsOf(at(tree, key)).filter((item) => item.kind === "scalar");
}

function wholeReference(kind: PathReference["kind"], owner: Owner, scalar: ScalarTree): PathReference {
  const before = scalar.prefix ?? "";
  const fixed = { behind: "", optional: false, format: "dotenv", isMade: false, isVerbatim: false } as const;
  return { kind, owner, scalar, path: scalar.text, before, ...fixed };
}

function envFileReferences(owner: Owner, service: Tree): PathReference[] {
  return itemsOf(at(service, "env_file")).flatMap((item) => {
    const path = item.kind === "scalar" ? item : scalarAt(item, "path");
    if (path === undefined) return [];
    const optional = textAt(item, "required") === "false";
    const format = textAt(item, "format") === "raw" ? "raw" : "dotenv";
    return [{ ...wholeReference("env_file", owner, path), optional, format }];
  });
}

function labelFileReferences(owner: Owner, service: Tree): PathReference[] {
  return scalarsIn(service, "label_file").map((scalar) => wholeReference("label_file", owner, scalar));
}

function fileReferences(kind: "config" | "secret", owner: Owner, value: Tree): PathReference[] {
  const file = scalarAt(value, "file");
  return file === undefined ? [] : [wholeReference(kind, owner, file)];
}

/** A named volume of the local driver that is a bind mount all the same. */
function deviceReferences(owner: Owner, value: Tree): PathReference[] {
  const options = mapAt(value, "driver_opts");
  const device = scalarAt(options, "device");
  const option = textAt(options, "o");
  if (device === undefined || !option?.split(",").some((word) => word === "bind" || word === "rbind")) return [];
  const isVerbatim = option !== "bind" || textAt(value, "driver") !== "local";
  return [{ ...wholeReference("bind", owner, device), isVerbatim }];
}

function mountReferences(owner: Owner, service: Tree): PathReference[] {
  return itemsOf(at(service, "volumes")).flatMap((item) => {
    if (item.kind !== "scalar") {
      const source = textAt(item, "type") === "bind" ? scalarAt(item, "source") : undefined;
      const isMade = textAt(item, "bind", "create_host_path") === "true";
      return source === undefined ? [] : [{ ...wholeReference("bind", owner, source), isMade }];
    }
    const end = item.text.indexOf(":");
    if (end < 0 || !/^[./~]/.test(item.text)) return [];
    const reference = wholeReference("bind", owner, item);
    return [{ ...reference, path: item.text.slice(0, end), behind: item.text.slice(end), isMade: true }];
  });
}

const namedProfiles = ["unconfined", "builtin"];

/** Compose reads a seccomp profile itself, and sends its text to the engine. */
function seccompReferences(owner: Owner, service: Tree): PathReference[] {
  return scalarsIn(service, "security_opt").flatMap((scalar) => {
    const match = /^(seccomp[=:])(.+)$/s.exec(scalar.text);
    const [, before, path] = match ?? [];
    if (before === undefined || path === undefined || namedProfiles.includes(path)) return [];
    return [{ ...wholeReference("seccomp", owner, scalar), before, path }];
  });
}

/** A program; a name without a slash is that of a plugin of the parent. */
function providerReferences(owner: Owner, service: Tree): PathReference[] {
  const type = scalarAt(service, "provider", "type");
  return type?.text.includes("/") === true ? [wholeReference("provider", owner, type)] : [];
}

function contextReferences(owner: Owner, service: Tree): PathReference[] {
  const build = at(service, "build");
  const context = build?.kind === "scalar" && !build.isNull ? build : scalarAt(build, "context");
  return context === undefined ? [] : [wholeReference("build", owner, context)];
}

function contextBesideReferences(owner: Owner, service: Tree): PathReference[] {
  return contextsBeside(at(service, "build")).map((scalar) => wholeReference("build", owner, scalar));
}

/** What `additional_contexts` names. */
export function contextsBeside(build: Tree | undefined): ScalarTree[] {
  return assigned(at(build, "additional_contexts"));
}

function sshReferences(owner: Owner, service: Tree): PathReference[] {
  return assigned(at(service, "build", "ssh")).map((scalar) => wholeReference("ssh", owner, scalar));
}

/** `type=local,src=./cache`; BuildKit does without one that is not there. */
function cacheReferences(owner: Owner, service: Tree): PathReference[] {
  return scalarsIn(at(service, "build"), "cache_from").flatMap((scalar) => {
    const found = localCache(scalar, "src");
    return found === undefined ? [] : [{ ...wholeReference("cache", owner, scalar), ...found, optional: true }];
  });
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
