import { posix } from "node:path";
import { withListener } from "@otto/errors";
import { conflict } from "./copy-errors.js";
import { type CopySides, observe, totalBytes } from "./copy-observation.js";
import type { CopyPlan, CopyStep } from "./copy-plan.js";
import { type CopyProgress, ProgressCounter } from "./copy-progress.js";
import { checkEntries } from "./entry-check.js";
import type { FileEntry } from "./file-entry.js";
import type { HostFiles, SendOptions } from "./host-files.js";

export interface CopyOptions {
  /** Permission bits of all files that are copied; directories keep theirs. Default: each file's own. */
  readonly mode?: number | undefined;
  /** Plans the copy, and changes nothing. Default false. */
  readonly dryRun?: boolean | undefined;
  /** What it throws ends no copy: the call rejects with it afterwards. */
  readonly onProgress?: ((progress: CopyProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What was copied, or would be. */
export interface CopyResult {
  readonly copies: readonly { readonly source: string; readonly target: string }[];
  /** Files, links and directories; 0 with `dryRun`. */
  readonly entries: number;
  readonly bytes: number;
  /** Files that changed while a host read them, in the words of its tar; they were copied as far as they were read. */
  readonly warnings: readonly string[];
}

export interface CopyNames {
  readonly sources: string | readonly string[];
  readonly destination: string;
}

/** Copies from one host to another. */
export async function copyFiles(sides: CopySides, named: CopyNames, options: CopyOptions): Promise<CopyResult> {
  try {
    return await withListener(options.onProgress, (onProgress) =>
      copyAll(sides, named, { ...options, ...(options.onProgress && { onProgress }) }),
    );
  } catch (error) {
    // What an abort breaks says so in words of its own.
    options.signal?.throwIfAborted();
    throw error;
  }
}

async function copyAll(
  { from, to }: CopySides,
  { sources, destination }: CopyNames,
  options: CopyOptions,
): Promise<CopyResult> {
  const { signal, dryRun = false } = options;
  signal?.throwIfAborted();
  assertMode(options.mode);
  const named = [sources].flat();
  const { plan, found } = await observe({ from, to }, { sources: named, destination }, signal);
  const copies = plan.steps.map(({ source, name }) => ({ source, target: posix.join(plan.directory, name) }));
  if (dryRun) return { copies, entries: 0, bytes: 0, warnings: [] };
  await assertOutside({ from, to }, plan);
  // Nobody else asks how much there is, and measuring is a walk of its own.
  const total = options.onProgress === undefined ? undefined : await totalBytes(from, found, signal);
  const counter = new ProgressCounter(options.onProgress, total);
  const warnings: string[] = [];
  const send = { signal, onWarning: (message: string) => void warnings.push(message) };
  const entries = checkEntries(allEntries(from, plan, send), { from: from.name });
  await to.receive(plan.directory, counter.follow(entries, options.mode), { signal });
  return { copies, ...counter.sums, warnings };
}

/** A directory that is copied into itself would never end. */
async function assertOutside({ from, to }: CopySides, { directory, steps }: CopyPlan): Promise<void> {
  if (from.realPath === undefined || to.realPath === undefined) return;
  const target = await to.realPath(directory);
  for (const { kind, source } of steps) {
    const real = await from.realPath(source);
    if (kind === "directory" && posix.join(target, "/").startsWith(posix.join(real, "/"))) {
      throw conflict(`${source} cannot be copied into itself, ${directory}`);
    }
  }
}

async function* allEntries(
  from: HostFiles,
  { steps }: CopyPlan,
  options: Omit<SendOptions, "kind">,
): AsyncGenerator<FileEntry> {
  for (const step of steps) {
    for await (const entry of from.send(step.source, { ...options, kind: step.kind })) {
      // The directory whose contents are copied is there already.
      if (step.name !== "" || entry.path !== "") yield renamed(entry, step);
    }
  }
}

function renamed(entry: FileEntry, { name }: CopyStep): FileEntry {
  const path = join(name, entry.path);
  return entry.kind === "hardlink" ? { ...entry, path, target: join(name, entry.target) } : { ...entry, path };
}

// Not posix.join, which would make a path that leads elsewhere look harmless.
function join(name: string, path: string): string {
  if (name === "" || path === "") return name + path;
  return `${name}/${path}`;
}

function assertMode(mode: number | undefined): void {
  if (mode !== undefined && !(Number.isInteger(mode) && mode >= 0 && mode <= 0o7777)) {
    throw new TypeError(`a mode must be between 0 and 0o7777, not ${mode}`);
  }
}
