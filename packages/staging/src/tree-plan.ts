import { posix } from "node:path";
import { formatEntry, type TreeEntry } from "./tree-entry.js";

/** What lies in a staged tree because it was sent: the text of `formatEntry` by path. */
export type Manifest = Readonly<Record<string, string>>;

/** Text of a manifest on the parent. Unreadable or foreign text is an empty one: then everything is sent. */
export function parseManifest(text: string): Manifest {
  try {
    const { schema, entries } = JSON.parse(text) as { schema: number; entries: Manifest };
    return schema === 1 ? entries : {};
  } catch {
    return {};
  }
}

export function formatManifest(entries: Manifest): string {
  return `${JSON.stringify({ schema: 1, entries })}\n`;
}

/** How a staged tree becomes what is wanted. */
export interface TreePlan {
  /** Files and links to send. */
  readonly send: readonly TreeEntry[];
  /** Directories to make where they are missing. */
  readonly make: readonly Extract<TreeEntry, { kind: "dir" }>[];
  /** What was sent once and is not wanted any more, the deepest first. Directories go only when they are empty. */
  readonly remove: readonly { readonly path: string; readonly isDirectory: boolean }[];
  /** What is certain while the changes are made: of what changes, only that it is there. */
  readonly pending: Manifest;
  readonly wanted: Manifest;
}

/** Compares what is wanted with what was sent. What a container wrote is in neither, and stays. */
export function planTree(wanted: readonly TreeEntry[], sent: Manifest): TreePlan {
  const manifest = Object.fromEntries(wanted.map((entry) => [entry.path, formatEntry(entry)]));
  const changed = wanted.filter(({ path }) => sent[path] !== manifest[path]);
  const gone = Object.keys(sent).filter((path) => {
    const isOtherKind = manifest[path] !== undefined && kindOf(sent[path]) !== kindOf(manifest[path]);
    return manifest[path] === undefined || isOtherKind;
  });
  const unsure = new Set([...changed.map(({ path }) => path), ...gone]);
  const certain = Object.entries(sent).map(
    ([path, text]) => [path, unsure.has(path) ? unsureText(text) : text] as const,
  );
  const coming = changed.map((entry) => [entry.path, unsureText(manifest[entry.path])] as const);
  return {
    send: changed.filter(({ kind }) => kind !== "dir"),
    make: changed.filter((entry) => entry.kind === "dir"),
    remove: gone.sort((a, b) => (a < b ? 1 : -1)).map((path) => ({ path, isDirectory: kindOf(sent[path]) === "dir" })),
    pending: { ...Object.fromEntries(coming), ...Object.fromEntries(certain) },
    wanted: manifest,
  };
}

/** Whether there is nothing to do. */
export function isSettled(plan: TreePlan): boolean {
  return plan.send.length + plan.make.length + plan.remove.length === 0;
}

/** Directories that hold what is sent, each with its entries' names. */
export function groupByDirectory(entries: readonly TreeEntry[]): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const { path } of entries) {
    const directory = posix.dirname(path);
    groups.set(directory, [...(groups.get(directory) ?? []), posix.basename(path)]);
  }
  return groups;
}

/** Equal to no entry's text, so that what is unsure is sent again; its kind still says how it goes. */
function unsureText(text: string | undefined): string {
  return `${kindOf(text)} ?`;
}

function kindOf(text: string | undefined): string {
  return text?.split(" ", 1)[0] ?? "";
}
