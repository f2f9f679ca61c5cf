import type { ImageResult } from "@otto/build";
import type { Repo } from "@otto/config";
import { appendParentLog, type Parent, type ParentLogEntry } from "@otto/hosts";
import { readCommit } from "./checkout.js";

/** What came of the images of a repo on a parent. */
interface BuildEnd {
  readonly parent: Parent;
  readonly results: Readonly<Record<string, ImageResult>>;
}

interface BuildLogOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly who: string;
  /** When the build began, as `performance.now()` counts. */
  readonly began: number;
  readonly signal?: AbortSignal | undefined;
}

/** Adds a line to the log of each parent where an image was built or pulled, or failed. Images that were there cost nothing. */
export async function logBuilds(repo: Repo, ends: readonly BuildEnd[], options: BuildLogOptions): Promise<void> {
  const { who, began, signal } = options;
  const lines = ends.flatMap(({ parent, results }) => {
    const summary = summarizeBuild(results);
    return summary === undefined || signal?.aborted === true ? [] : [{ parent, summary }];
  });
  if (lines.length === 0) return;
  const seconds = (performance.now() - began) / 1000;
  const commit = await readCommit(repo.root, options.env);
  const entry = { do: "build", who, repo: repo.name, commit, seconds };
  await Promise.all(lines.map(({ parent, summary }) => appendParentLog(parent, { ...entry, ...summary }, { signal })));
}

/** For the log of a parent; undefined: nothing was done there. */
export function summarizeBuild(
  results: Readonly<Record<string, ImageResult>>,
): Pick<ParentLogEntry, "text" | "failed"> | undefined {
  const done = Object.entries(results).flatMap(([name, result]) => {
    if (result.status === "failed") return [`${name} failed`];
    return result.source === "present" ? [] : [`${name} ${result.source}`];
  });
  if (done.length === 0) return undefined;
  const failed = Object.values(results).find((result) => result.status === "failed")?.error.code;
  return { text: done.join(", "), failed };
}
