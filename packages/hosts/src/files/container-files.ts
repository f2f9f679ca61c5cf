import { posix } from "node:path";
import type { Engine } from "@otto/engine";
import { OttoError } from "@otto/errors";
import { isSeenByEngine, viewContainer } from "./container-view.js";
import { copyFailed } from "./copy-failure.js";
import { type Container, lookByEngine, receiveByEngine, sendByEngine } from "./engine-files.js";
import type { HostFiles } from "./host-files.js";
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
  const hasShell = view.isRunning && (await engine.statPath({ container, path: "/bin/sh" }, signal)) !== undefined;
  return hasShell ? liveFiles(files) : stillFiles(files);
}

const absolute = (path: string) => posix.resolve("/", path);

function liveFiles(container: Container): HostFiles {
  const { engine, view, name } = container;
  const host: ShellHost = { name, absolute, start: startIn(engine, view.id) };
  return {
    name,
    absolute,
    // A shell costs ten times as much as asking the engine.
    look: (paths, options) =>
      paths.every((path) => isSeenByEngine(view, path))
        ? lookByEngine(container, paths, options)
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
    look: (paths, options) => lookByEngine(container, paths, options),
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

function startIn(engine: Engine, container: string): StartShell {
  return async (script, args, signal) => {
    const argv = ["/bin/sh", "-c", script, "sh", ...args];
    const process = await engine.exec(container, argv, { user: "0:0", stdin: true, signal });
    const end = () => process.disconnect();
    signal?.addEventListener("abort", end, { once: true });
    const exit = process.exit.finally(() => signal?.removeEventListener("abort", end));
    exit.catch(() => {});
    return { ...process, exit, end };
  };
}
