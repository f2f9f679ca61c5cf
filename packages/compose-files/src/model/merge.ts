import { itemsOf, type MapTree, type ScalarTree, type Tree, textAt } from "../text/yaml-tree.js";

/**
 * One compose file over another, by Compose's rules for those values that this package looks at. What does not fit
 * together is left for Compose to refuse.
 *
 * @see https://github.com/compose-spec/compose-spec/blob/main/13-merge.md
 */
export function mergeTrees(base: MapTree, over: MapTree): MapTree {
  return mergeMaps(base, over, []);
}

/** A service over the one that it extends. */
export function mergeServices(base: MapTree, over: MapTree): MapTree {
  return mergeMaps(base, over, ["services", "*"]);
}

function mergeMaps(base: MapTree, over: MapTree, path: readonly string[]): MapTree {
  const entries = new Map(base.entries);
  for (const [name, value] of over.entries) {
    const below = entries.get(name);
    const merged = mergeValue(below, value, [...path, name]);
    if (merged === undefined) entries.delete(name);
    else entries.set(name, merged);
  }
  return { ...over, tag: undefined, location: base.entries.size === 0 ? over.location : base.location, entries };
}

function mergeValue(base: Tree | undefined, over: Tree, path: readonly string[]): Tree | undefined {
  if (over.tag === "reset") return undefined;
  const shape = shapeOf(path);
  const top = canonical(over, shape);
  const below = base === undefined || over.tag === "override" ? undefined : canonical(base, shape);
  if (below === undefined || isNull(below) || shape === "override") return settle(top, path);
  if (isNull(top)) return shape === "plain" ? below : settle(top, path);
  if (below.kind === "map" && top.kind === "map") return mergeMaps(below, top, path);
  if (below.kind === "seq" && top.kind === "seq")
    return unique({ ...top, items: [...below.items, ...kept(top.items)] }, path);
  return settle(top, path);
}

function settle(tree: Tree, path: readonly string[]): Tree {
  if (tree.kind === "map") return mergeMaps({ ...tree, entries: new Map() }, tree, path);
  if (tree.kind === "seq") return unique({ ...tree, items: kept(tree.items) }, path);
  return tree;
}

function kept(items: readonly Tree[]): readonly Tree[] {
  return items.filter((item) => item.tag !== "reset");
}

function isNull(tree: Tree): boolean {
  return tree.kind === "scalar" && tree.isNull;
}

type Shape = "plain" | "override" | "list" | "names" | "assignments" | "build";

const shapes: Readonly<Record<string, Shape>> = {
  build: "build",
  "build.args": "assignments",
  "build.additional_contexts": "assignments",
  "build.labels": "assignments",
  annotations: "assignments",
  command: "override",
  "deploy.labels": "assignments",
  depends_on: "names",
  dns: "list",
  dns_opt: "list",
  dns_search: "list",
  entrypoint: "override",
  env_file: "list",
  environment: "assignments",
  "healthcheck.test": "override",
  label_file: "list",
  labels: "assignments",
  models: "names",
  networks: "names",
  sysctls: "assignments",
  tmpfs: "list",
};

function shapeOf(path: readonly string[]): Shape {
  const [section, , ...keys] = path;
  if (path.some((key) => key.startsWith("x-"))) return "override";
  if (section === "services" && keys.length > 0) return shapes[keys.join(".")] ?? "plain";
  return keys.join(".") === "labels" || keys.join(".") === "ipam.config" ? "override" : "plain";
}

function canonical(tree: Tree, shape: Shape): Tree {
  if (isNull(tree)) return tree;
  if (shape === "list") return { ...tree, kind: "seq", items: itemsOf(tree) };
  if (shape === "build" && tree.kind === "scalar") return mapOf(tree, [["context", tree]]);
  if (shape === "names" && tree.kind === "seq") return mapOf(tree, tree.items.map(nameEntry));
  if (shape === "assignments" && tree.kind === "seq") return mapOf(tree, tree.items.map(assignmentEntry));
  return tree;
}

function mapOf(tree: Tree, entries: readonly (readonly [string, Tree])[]): MapTree {
  return { kind: "map", location: tree.location, tag: tree.tag, entries: new Map(entries) };
}

function nameEntry(item: Tree): readonly [string, Tree] {
  return [item.kind === "scalar" ? item.text : "", mapOf(item, [])];
}

/** The site stays that of the whole item. */
function assignmentEntry(item: Tree): readonly [string, Tree] {
  if (item.kind !== "scalar") return ["", item];
  const [name, value] = cut(item.text);
  if (value === undefined) return [name, { ...item, isNull: true }];
  return [name, { ...item, prefix: `${name}=`, text: value, raw: cut(item.raw)[1] ?? "" }];
}

function cut(text: string): [string, string | undefined] {
  const end = text.indexOf("=");
  return end < 0 ? [text, undefined] : [text.slice(0, end), text.slice(end + 1)];
}

type Identify = (item: Tree) => string | undefined;

const identities: Readonly<Record<string, Identify>> = {
  configs: mountIdentity("/"),
  env_file: (item) => textAt(item, "path") ?? scalarText(item),
  label_file: scalarText,
  profiles: scalarText,
  secrets: mountIdentity("/run/secrets/"),
  volumes: (item) => textAt(item, "target") ?? volumeTarget(scalarText(item)),
};

/** A later item takes the place of an earlier one that means the same. */
function unique(tree: Tree & { kind: "seq" }, path: readonly string[]): Tree {
  const identify = path[0] === "services" ? identities[path.slice(2).join(".")] : undefined;
  if (identify === undefined) return tree;
  const items = new Map<unknown, Tree>();
  for (const item of tree.items) items.set(identify(item) ?? item, item);
  return { ...tree, items: [...items.values()] };
}

function mountIdentity(directory: string): Identify {
  return (item) => textAt(item, "target") ?? `${directory}${textAt(item, "source") ?? scalarText(item) ?? ""}`;
}

function scalarText(item: Tree): string | undefined {
  return item.kind === "scalar" ? (item as ScalarTree).text : undefined;
}

function volumeTarget(spec: string | undefined): string | undefined {
  const fields = spec?.split(":") ?? [];
  return fields.length > 1 ? fields[1] : fields[0];
}
