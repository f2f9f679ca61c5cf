import { posix } from "node:path";
import { type CopyPlan, parseDestination, parseSources, planCopy } from "./copy-plan.js";
import type { FileKind, FoundFile } from "./file-entry.js";
import type { HostFiles } from "./host-files.js";

export interface CopySides {
  readonly from: HostFiles;
  readonly to: HostFiles;
}

/** Looks at both sides, and plans. */
export async function observe(
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
    const isThere = kind !== "none" && !(source.follow && kind === "symlink");
    return { ...source, ...(isThere ? { kind, path } : { kind: "none" as const }) };
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

/** All bytes, where that can be known without copying; what cannot be copied is found too, before anything is sent. */
export async function totalBytes(
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
