import { posix } from "node:path";
import type { Engine } from "@otto/engine";
import { OttoError } from "@otto/errors";
import { toRemoteProcess } from "../process/engine-process.js";
import { hasOwnMounts, isHidden, isSeenByEngine, viewContainer } from "./container-view.js";
import { mountUnreachable } from "./copy-errors.js";
import { type Container, lookByEngine, receiveByEngine, resolvePath, sendByEngine } from "./engine-files.js";
import type { FileEntry } from "./file-entry.js";
import type { HostFiles, LookOptions } from "./host-files.js";
import { lookByShell, type ShellHost, sendByTar } from "./shell-files.js";
import type { StartShell } from "./shell-process.js";
import { receiveByTar, receiveStaged } from "./shell-stage.js";

export interface FileContainer {
  readonly engine: Engine;
  /** Id of the container. */
  readonly container: string;
  /** The host's id, for messages. */
  readonly host: string;
}

/**
 * The files of a container, running or not, as root. Their bytes go through the engine's archives; looking and putting
 * into place are done by a shell in the container where one can run, so that a file changes in one step.
 * @throws OttoError `HOST_NOT_RUNNING` when there is no such container any more
 */
export async function openContainerFiles(
  { engine, container, host: name }: FileContainer,
  signal: AbortSignal | undefined,
): Promise<HostFiles> {
  const details = await engine.inspectContainer(container, signal);
  if (details === undefined) throw new OttoError("HOST_NOT_RUNNING", `${name}: its container is gone`);
  const view = viewContainer(details);
  const files = { engine, view, name };
  const shell = { container, path: "/bin/sh", containerName: name };
  const hasShell = view.isRunning && (await engine.statPath(shell, signal)) !== undefined;
  return hasShell ? liveFiles(files) : stillFiles(files);
}

const absolute = (path: string) => posix.resolve("/", path);

function liveFiles(container: Container): HostFiles {
  const { view, name } = container;
  const host: ShellHost = { name, absolute, start: startIn(container) };
  return {
    name,
    absolute,
    // A shell costs ten times as much as asking the engine.
    look: async (paths, options) => {
      const resolvedPaths = await resolveAll(container, paths, options);
      return resolvedPaths.some((resolved) => isHidden(view, resolved))
        ? lookByShell(host, paths, options)
        : lookByEngine(container, paths, options);
    },
    send: async function* (path, options) {
      const [resolved = path] = await resolveAll(container, [path], { follow: true, signal: options.signal });
      const isWhole = options.kind === "directory" ? isSeenByEngine(view, resolved) : !isHidden(view, resolved);
      yield* isWhole ? sendByEngine(container, path, options) : sendByTar(host, path, options);
    },
    receive: async (directory, entries, { signal }) => {
      const target = { start: host.start, host: name, directory };
      const [resolved = directory] = await resolveAll(container, [directory], { follow: true, signal });
      // What is mounted deeper is reached by the shell, which takes the entries where they belong.
      if (isHidden(view, resolved)) return receiveByTar(target, entries, signal);
      return receiveStaged(target, (stage) => receiveByEngine(container, stage, entries, signal), signal);
    },
  };
}

/** Without a shell: entries are replaced where they stand, one after the other. */
function stillFiles(container: Container): HostFiles {
  const { name, view } = container;
  const assertSeen = async (paths: readonly string[], options: LookOptions) => {
    for (const [index, resolved] of (await resolveAll(container, paths, options)).entries()) {
      if (isHidden(view, resolved)) throw mountUnreachable(paths[index] ?? resolved, name);
    }
  };
  return {
    name,
    absolute,
    look: async (paths, options) => {
      await assertSeen(paths, options);
      return lookByEngine(container, paths, options);
    },
    send: (path, options) => {
      if (options.kind === "directory" && !isSeenByEngine(view, path)) throw mountUnreachable(path, name);
      return sendByEngine(container, path, options);
    },
    receive: async (directory, entries, { signal }) => {
      await assertSeen([directory], { follow: true, signal });
      const seen = refuseHidden(container, directory, entries);
      await receiveByEngine(
        container,
        directory,
        withoutExisting(container, directory, { entries: seen, signal }),
        signal,
      );
    },
  };
}

/** The engine would write below a mount what belongs in it. */
async function* refuseHidden(
  { view, name }: Container,
  directory: string,
  entries: AsyncIterable<FileEntry>,
): AsyncGenerator<FileEntry> {
  for await (const entry of entries) {
    const resolved = posix.join(directory, entry.path);
    if (entry.kind !== "directory" && isHidden(view, resolved)) throw mountUnreachable(resolved, name);
    yield entry;
  }
}

/** The engine would give directories that are there the mode and time of those in the archive. */
async function* withoutExisting(
  container: Container,
  directory: string,
  { entries, signal }: { readonly entries: AsyncIterable<FileEntry>; readonly signal: AbortSignal | undefined },
): AsyncGenerator<FileEntry> {
  const existing = new Set(["."]);
  for await (const entry of entries) {
    const mayExist = entry.kind === "directory" && existing.has(posix.dirname(entry.path));
    const path = posix.join(directory, entry.path);
    const [found] = mayExist ? await lookByEngine(container, [path], { follow: false, signal }) : [];
    if (found?.kind === "directory") existing.add(entry.path);
    else yield entry;
  }
}

/** Where paths lead, if that decides how they are reached: it takes a request for each name on the way. */
function resolveAll(container: Container, paths: readonly string[], options: LookOptions): Promise<readonly string[]> {
  if (!hasOwnMounts(container.view)) return Promise.resolve(paths);
  return Promise.all(paths.map((path) => resolvePath(container, path, options)));
}

function startIn({ engine, view, name }: Container): StartShell {
  return async (script, args, signal) => {
    const argv = ["/bin/sh", "-c", script, "sh", ...args];
    const process = await engine.exec(view.id, argv, { user: "0:0", stdin: true, signal, containerName: name });
    return toRemoteProcess(process, { end: () => {}, kill: () => process.disconnect() }, signal);
  };
}
