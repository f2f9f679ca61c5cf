import { posix } from "node:path";
import type { ContainerPath, Engine } from "@otto/engine";
import { isOttoError, OttoError } from "@otto/errors";
import { unpackEntries } from "./archive-reader.js";
import { packEntries } from "./archive-writer.js";
import { type ContainerView, isSeenByEngine, viewContainer } from "./container-view.js";
import { copyFailed } from "./copy-failure.js";
import type { FileEntry, FoundFile } from "./file-entry.js";
import type { HostFiles, LookOptions, SendOptions } from "./host-files.js";
import { isStageName, withoutStage } from "./local-stage.js";
import { lookByShell, type ShellHost, sendByTar } from "./shell-files.js";
import type { ShellProcess } from "./shell-process.js";
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
  const hasShell = view.isRunning && (await engine.hasPath({ container, path: "/bin/sh" }, signal));
  return hasShell ? liveFiles(files) : stillFiles(files);
}

interface Container {
  readonly engine: Engine;
  readonly view: ContainerView;
  readonly name: string;
}

const absolute = (path: string) => posix.resolve("/", path);

function liveFiles(container: Container): HostFiles {
  const { engine, view, name } = container;
  const host: ShellHost = { name, absolute, start: (script, args) => startShell(engine, view.id, script, args) };
  return {
    name,
    absolute,
    // A shell costs ten times as much as asking the engine.
    look: (paths, options) =>
      paths.every((path) => isSeenByEngine(view, path))
        ? lookAllByEngine(container, paths, options)
        : lookByShell(host, paths, options),
    send: (path, options) =>
      isSeenByEngine(view, path) ? sendByEngine(container, path, options) : sendByTar(host, path, options),
    receive: (directory, entries, { signal }) => {
      const target = { start: host.start, host: name, directory };
      if (!isSeenByEngine(view, directory)) return receiveByTar(target, entries, signal);
      return receiveStaged(target, (stage) => receiveByEngine(container, stage, entries, signal), signal);
    },
  };
}

/** Without a shell: entries are replaced where they stand, one after the other. */
function stillFiles(container: Container): HostFiles {
  const { name, view } = container;
  const assertSeen = (doing: string, path: string) => {
    if (isSeenByEngine(view, path)) return;
    throw copyFailed(`${doing} ${path} on ${name}`, "only a running container with /bin/sh and tar reaches this mount");
  };
  return {
    name,
    absolute,
    look: (paths, options) => lookAllByEngine(container, paths, options),
    send: (path, options) => {
      assertSeen("reading", path);
      return sendByEngine(container, path, options);
    },
    receive: async (directory, entries, { signal }) => {
      assertSeen("writing to", directory);
      await receiveByEngine(container, directory, entries, signal);
    },
  };
}

async function startShell(
  engine: Engine,
  container: string,
  script: string,
  args: readonly string[],
): Promise<ShellProcess> {
  const process = await engine.exec(container, ["/bin/sh", "-c", script, "sh", ...args], { user: "0:0", stdin: true });
  return Object.assign(process, { end: () => process.disconnect() });
}

function lookAllByEngine(container: Container, paths: readonly string[], options: LookOptions): Promise<FoundFile[]> {
  return Promise.all(paths.map((path) => lookByEngine(container, path, options)));
}

async function lookByEngine(
  { engine, view }: Container,
  path: string,
  { follow, signal }: LookOptions,
): Promise<FoundFile> {
  const stat = await statOrNothing(engine, { container: view.id, path }, signal);
  if (stat === undefined) return { kind: "none", path };
  if (stat.kind !== "symlink" || !follow) return { kind: stat.kind, path, sizeBytes: stat.sizeBytes };
  const end = await statOrNothing(engine, { container: view.id, path: stat.linkTarget }, signal);
  return { kind: end?.kind ?? "none", path: stat.linkTarget, sizeBytes: end?.sizeBytes };
}

// The engine answers 500, and no more, for a path that leads through a file or in a circle.
async function statOrNothing(engine: Engine, at: ContainerPath, signal: AbortSignal | undefined) {
  try {
    return await engine.statPath(at, signal);
  } catch (error) {
    if (isOttoError(error, "ENGINE_REQUEST_FAILED") && error.details?.status === 500) return undefined;
    throw error;
  }
}

async function* sendByEngine(
  { engine, view, name }: Container,
  path: string,
  { kind, signal }: SendOptions,
): AsyncGenerator<FileEntry> {
  const isDirectory = kind === "directory";
  const target = { container: view.id, path: isDirectory ? `${path}/.` : path };
  const tar = await engine.readArchive(target, signal);
  yield* unpackEntries(tar, { from: name, name: isDirectory ? undefined : posix.basename(path) });
}

async function receiveByEngine(
  container: Container,
  directory: string,
  entries: AsyncIterable<FileEntry>,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { engine, view, name } = container;
  const { base, missing } = await findBase(container, directory, signal);
  const tar = packEntries(withDirectories(missing, entries));
  try {
    await engine.writeArchive({ container: view.id, path: base }, tar, signal);
  } catch (error) {
    if (!isOttoError(error, "ENGINE_REQUEST_FAILED")) throw error;
    throw copyFailed(`writing to ${withoutStage(directory)} on ${name}`, reasonOf(error), error);
  }
}

/** The engine says first what it was doing. */
function reasonOf({ message }: Error): string {
  return withoutStage(message.replace(/^.*?Error response from daemon: /, ""));
}

/** The nearest directory that is there: the engine makes none but those that are in the archive. */
async function findBase(container: Container, directory: string, signal: AbortSignal | undefined) {
  const missing: string[] = [];
  let base = directory;
  while (base !== "/" && (await lookByEngine(container, base, { follow: true, signal })).kind === "none") {
    missing.unshift(posix.basename(base));
    base = posix.dirname(base);
  }
  return { base, missing };
}

async function* withDirectories(
  names: readonly string[],
  entries: AsyncIterable<FileEntry>,
): AsyncGenerator<FileEntry> {
  const mtime = Math.floor(Date.now() / 1000);
  for (const [index, name] of names.entries()) {
    const mode = isStageName(name) ? 0o700 : 0o755;
    yield { kind: "directory", path: names.slice(0, index + 1).join("/"), mode, mtime };
  }
  const prefix = names.length === 0 ? "" : `${names.join("/")}/`;
  for await (const entry of entries) {
    if (entry.kind === "hardlink") yield { ...entry, path: prefix + entry.path, target: prefix + entry.target };
    else yield { ...entry, path: prefix + entry.path };
  }
}
