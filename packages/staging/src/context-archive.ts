import type { BuildContext, ContextTree } from "@otto/context";
import { isIgnoredPath } from "@otto/dockerignore";
import { OttoError } from "@otto/errors";
import { type ContextEntry, comparePaths, type FileEntry } from "@otto/hashing";

const ignoreName = ".dockerignore";

/** An entry of the context, or a file that goes with it. */
export type PackedEntry = ContextEntry | ContentEntry;

interface ContentEntry {
  readonly path: string;
  readonly kind: "content";
  readonly content: (tree: ContextTree) => Buffer | Promise<Buffer>;
}

export interface ArchivePlan {
  readonly dockerfileName: string;
  readonly entries: readonly PackedEntry[];
}

/**
 * Decides what the archive for an engine without BuildKit holds beside the context's entries. That builder takes the
 * whole archive as the context, then reads `.dockerignore` from it and removes the Dockerfile and the `.dockerignore`
 * where its patterns match them. So a Dockerfile that must not be in the image goes under a name of its own, made from
 * its digest, and a `.dockerignore` names it. Where the image is to hold a `.dockerignore` too, it gets these lines at
 * its end, as Docker's own client does it.
 *
 * @throws CONTEXT_NOT_PACKABLE
 * @see https://github.com/moby/moby daemon/builder/remotecontext/detect.go
 */
export async function planArchive(context: BuildContext): Promise<ArchivePlan> {
  const { dockerfile, entries } = context;
  const ignoreEntry = entries.find(({ path }) => path === ignoreName);
  const ownName = await usableName(context, ignoreEntry);
  if (ownName !== undefined) return { dockerfileName: ownName, entries };
  if (ignoreEntry !== undefined && ignoreEntry.kind !== "file") throw notPackable(ignoreEntry);
  const dockerfileName = freeName(context);
  const extras: PackedEntry[] = [
    { path: dockerfileName, kind: "content", content: () => dockerfile.content },
    { path: ignoreName, kind: "content", content: (tree) => ignoreContent(tree, ignoreEntry, dockerfileName) },
  ];
  const kept = entries.filter((entry) => entry !== ignoreEntry);
  return { dockerfileName, entries: [...kept, ...extras].sort((a, b) => comparePaths(a.path, b.path)) };
}

/** The Dockerfile's place in the context, when it is an entry of it and the builder will let it and its rules be. */
async function usableName(context: BuildContext, ignoreEntry: ContextEntry | undefined): Promise<string | undefined> {
  const { contextPath, digest } = context.dockerfile;
  const entry = context.entries.find(({ path }) => path === contextPath);
  if (contextPath === undefined || entry?.kind !== "file" || entry.digest !== digest) return undefined;
  if (ignoreEntry === undefined) return contextPath;
  if (ignoreEntry.kind === "directory" || context.ignoreFile?.contextPath !== ignoreName) return undefined;
  const patterns = context.ignoreFile?.patterns ?? [];
  const removed = (await isIgnoredPath(patterns, ignoreName)) || (await isIgnoredPath(patterns, contextPath));
  return removed ? undefined : contextPath;
}

function freeName({ dockerfile, entries }: BuildContext): string {
  let name = `.dockerfile.${dockerfile.digest.slice(0, 20)}`;
  while (entries.some(({ path }) => path === name)) name += "_";
  return name;
}

async function ignoreContent(tree: ContextTree, entry: FileEntry | undefined, dockerfileName: string): Promise<Buffer> {
  if (entry === undefined) return Buffer.from(`${ignoreName}\n${dockerfileName}\n`);
  const chunks: Buffer[] = [];
  for await (const chunk of tree.openFile(entry)) chunks.push(chunk as Buffer);
  return Buffer.concat([...chunks, Buffer.from(`\n!${ignoreName}\n${dockerfileName}\n`)]);
}

function notPackable({ kind }: ContextEntry): OttoError {
  const what = kind === "directory" ? "directory" : "symbolic link";
  return new OttoError("CONTEXT_NOT_PACKABLE", `packing the build context: its ${ignoreName} is a ${what}`, {
    hint: `Make ${ignoreName} a file, or build on an engine with BuildKit.`,
  });
}
