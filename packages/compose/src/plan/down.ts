import type { Remains } from "../observed/remains.js";

/** One thing that `down` removes, or leaves. */
export interface DownStep {
  /** `keep`: of `data` without `volumes`. */
  readonly do: "remove" | "keep";
  /** `files`: those that were sent. `data`: what containers wrote into bind mounts. */
  readonly kind: "container" | "network" | "volume" | "files" | "data";
  /** Of `files` and `data`: the staged tree's directory on the parent. */
  readonly name: string;
  /** Of `data`: how many files. */
  readonly files?: number | undefined;
}

/** Decides what `down` removes. @param volumes whether it takes what containers wrote, too */
export function planDown({ resources, tree }: Remains, volumes: boolean): DownStep[] {
  const steps = resources.map((resource): DownStep => ({ do: "remove", ...resource }));
  if (tree === undefined) return steps;
  const { directory: name, isDown, kept } = tree;
  // After a `down` only what containers wrote is there.
  if (!isDown || kept === undefined) steps.push({ do: "remove", kind: "files", name });
  if (kept !== undefined) steps.push({ do: volumes ? "remove" : "keep", kind: "data", name, files: kept.files });
  return steps;
}

/** One line for a person. */
export function formatDownStep({ do: action, kind, name, files }: DownStep): string {
  if (kind === "files") return `${action} the staged files in ${name}`;
  if (kind === "data") return `${action} what containers wrote in ${name} (${files} ${files === 1 ? "file" : "files"})`;
  return `${action} the ${kind} ${name}`;
}
