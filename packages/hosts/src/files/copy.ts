import { posix } from "node:path";
import { PassThrough, pipeline, type Readable } from "node:stream";
import { type CopyPlan, type CopyStep, conflict, parseDestination, parseSources, planCopy } from "./copy-plan.js";
import { checkEntries } from "./entry-check.js";
import type { FileEntry, FileKind, FoundFile } from "./file-entry.js";
import type { HostFiles } from "./host-files.js";

/** How far a copy is. */
export interface CopyProgress {
  readonly bytes: number;
  /** Undefined where it is not known before the end. */
  readonly totalBytes: number | undefined;
}

export interface CopyOptions {
  /** Permission bits of all files that are copied; directories keep theirs. Default: each file's own. */
  readonly mode?: number | undefined;
  /** Plans the copy, and changes nothing. Default false. */
  readonly dryRun?: boolean | undefined;
  readonly onProgress?: ((progress: CopyProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What was copied, or would be. */
export interface CopyResult {
  readonly copies: readonly { readonly source: string; readonly target: string }[];
  /** Files, links and directories; 0 with `dryRun`. */
  readonly entries: number;
  readonly bytes: number;
}

export interface CopySides {
  readonly from: HostFiles;
  readonly to: HostFiles;
}

export interface CopyNames {
  readonly sources: string | readonly string[];
  readonly destination: string;
}

/** Copies from one host to another. */
export async function copyFiles(sides: CopySides, named: CopyNames, options: CopyOptions): Promise<CopyResult> {
  try {
    return await copyAll(sides, named, options);
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
  if (dryRun) return { copies, entries: 0, bytes: 0 };
  await assertOutside({ from, to }, plan);
  const tally = new Tally(options.onProgress, await totalBytes(from, found, signal));
  const entries = checkEntries(allEntries(from, plan, signal), { from: from.name });
  await to.receive(plan.directory, tally.follow(entries, options.mode), { signal });
  return { copies, ...tally.sums };
}

async function observe(
  { from, to }: CopySides,
  named: { readonly sources: readonly string[]; readonly destination: string },
  signal: AbortSignal | undefined,
): Promise<{ readonly plan: CopyPlan; readonly found: readonly FoundFile[] }> {
  const sources = parseSources(named.sources).map((source) => ({ ...source, path: from.absolute(source.path) }));
  const destination = parseDestination(named.destination);
  const target = to.absolute(destination.path);
  const [kept, followed, [at = nothing]] = await Promise.all([
    lookFor(
      from,
      sources.filter(({ follow }) => !follow),
      { follow: false, signal },
    ),
    lookFor(
      from,
      sources.filter(({ follow }) => follow),
      { follow: true, signal },
    ),
    to.look([target], { follow: true, signal }),
  ]);
  const inside = at.kind === "directory" ? await lookInside(to, { path: at.path, sources }, signal) : [];
  const found = sources.map((source) => kept.get(source) ?? followed.get(source) ?? nothing);
  const steps = sources.map((source, index) => {
    const { kind, path } = found[index] ?? nothing;
    return { ...source, kind, path: kind === "none" ? source.path : path };
  });
  const plan = planCopy(steps, { ...destination, path: target }, { found: at, inside });
  return { plan, found };
}

const nothing: FoundFile = { kind: "none", path: "" };

async function lookInside(
  host: HostFiles,
  { path, sources }: { readonly path: string; readonly sources: readonly { readonly name: string }[] },
  signal: AbortSignal | undefined,
): Promise<readonly FileKind[]> {
  const names = sources.map(({ name }) => posix.join(path, name));
  return (await host.look(names, { follow: false, signal })).map(({ kind }) => kind);
}

async function lookFor<Source extends { readonly path: string }>(
  host: HostFiles,
  sources: readonly Source[],
  options: Parameters<HostFiles["look"]>[1],
): Promise<ReadonlyMap<Source, FoundFile>> {
  if (sources.length === 0) return new Map();
  const found = await host.look(
    sources.map(({ path }) => path),
    options,
  );
  return new Map(sources.map((source, index) => [source, found[index] ?? nothing]));
}

/** A directory that is copied into itself would never end. */
async function assertOutside({ from, to }: CopySides, { directory, steps }: CopyPlan): Promise<void> {
  if (from.realPath === undefined || to.realPath === undefined) return;
  const target = await to.realPath(directory);
  for (const { kind, source } of steps) {
    const real = await from.realPath(source);
    if (kind === "directory" && `${target}/`.startsWith(`${real}/`)) {
      throw conflict(`${source} cannot be copied into itself, ${directory}`);
    }
  }
}

/** Where that can be done without copying; what cannot be copied is found too, before anything is sent. */
async function totalBytes(
  from: HostFiles,
  found: readonly FoundFile[],
  signal: AbortSignal | undefined,
): Promise<number | undefined> {
  let total: number | undefined = 0;
  for (const { kind, path, sizeBytes } of found) {
    const bytes = kind === "directory" ? await from.measure?.(path, signal) : kind === "file" ? sizeBytes : 0;
    total = total === undefined || bytes === undefined ? undefined : total + bytes;
  }
  return total;
}

async function* allEntries(
  from: HostFiles,
  { steps }: CopyPlan,
  signal: AbortSignal | undefined,
): AsyncGenerator<FileEntry> {
  for (const step of steps) {
    for await (const entry of from.send(step.source, { kind: step.kind, signal })) {
      // The directory whose contents are copied is there already.
      if (step.name !== "" || entry.path !== "") yield place(entry, step);
    }
  }
}

function place(entry: FileEntry, { name }: CopyStep): FileEntry {
  const path = join(name, entry.path);
  return entry.kind === "hardlink" ? { ...entry, path, target: join(name, entry.target) } : { ...entry, path };
}

// Not posix.join, which would make a path that leads elsewhere look harmless.
function join(name: string, path: string): string {
  if (name === "" || path === "") return name + path;
  return `${name}/${path}`;
}

/** Counts what goes by. */
class Tally {
  readonly #onProgress: CopyOptions["onProgress"];
  readonly #totalBytes: number | undefined;
  #entries = 0;
  #bytes = 0;

  constructor(onProgress: CopyOptions["onProgress"], totalBytes: number | undefined) {
    this.#onProgress = onProgress;
    this.#totalBytes = totalBytes;
  }

  get sums(): Pick<CopyResult, "entries" | "bytes"> {
    return { entries: this.#entries, bytes: this.#bytes };
  }

  async *follow(entries: AsyncIterable<FileEntry>, mode: number | undefined): AsyncGenerator<FileEntry> {
    for await (const entry of entries) {
      this.#entries += 1;
      if (entry.kind !== "file") yield entry;
      else yield { ...entry, mode: mode ?? entry.mode, content: () => this.#count(entry.content(), entry.sizeBytes) };
    }
  }

  #count(content: Readable, sizeBytes: number): Readable {
    const onProgress = this.#onProgress;
    if (onProgress === undefined) {
      this.#bytes += sizeBytes;
      return content;
    }
    const counter = new PassThrough();
    content.on("data", (chunk: Buffer) => {
      this.#bytes += chunk.length;
      onProgress({ bytes: this.#bytes, totalBytes: this.#totalBytes });
    });
    return pipeline(content, counter, () => {});
  }
}

function assertMode(mode: number | undefined): void {
  if (mode !== undefined && !(Number.isInteger(mode) && mode >= 0 && mode <= 0o7777)) {
    throw new TypeError(`a mode must be between 0 and 0o7777, not ${mode}`);
  }
}
