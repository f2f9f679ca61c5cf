import { createEngine } from "@otto/engine";
import { forgetLastStat } from "@otto/errors";
import {
  openSshSession,
  type SshEventListener,
  type SshPromptHandler,
  type SshRoute,
  type SshRouteSource,
} from "ssh2-streamer";
import type { HostFiles } from "../files/host-files.js";
import { showProcess, sizeOf } from "../process/login.js";
import { dialStdio } from "./dial-stdio.js";
import { addressEngine, type DeclaredDocker } from "./engine-address.js";
import { createParent, type Parent } from "./parent.js";
import type { Spawn } from "./parent-exec.js";

export interface SshParentOptions {
  readonly id: string;
  /** From the first hop to the parent itself. */
  readonly route: SshRoute | SshRouteSource;
  readonly docker: DeclaredDocker;
  /**
   * The engine's socket on the parent; undefined: what `docker.command` names, else `/var/run/docker.sock`. What the
   * login's environment or docker context names is not used.
   */
  readonly socketPath: string | undefined;
  /** Variables of programs of this machine that lead to the parent. Default: none. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /** Where connections are kept for later sessions; see `keepIn` of `openSshSession`. Default: nowhere. */
  readonly keepIn?: readonly string[] | undefined;
  readonly onEvent?: SshEventListener | undefined;
  /** Asks a person for what a login needs. Default: nobody is asked. */
  readonly onPrompt?: SshPromptHandler | undefined;
}

/**
 * A parent over SSH: one session for everything. Where `docker.command` and `socketPath` name different engines, the first
 * use of its engine fails with `HOST_ENGINE_AMBIGUOUS`.
 */
export function createSshParent(options: SshParentOptions): Parent {
  const { id } = options;
  const address = () => addressEngine(id, options);
  const { onEvent, onPrompt, env, keepIn } = options;
  const session = openSshSession(options.route, { onEvent, onPrompt, env, keepIn });
  const dial = async (signal?: AbortSignal) => {
    const { socketPath, client } = address();
    return session.dialSocket(socketPath, { fallbackCommand: dialStdio(client, socketPath), signal });
  };
  const engine = createEngine({ name: id, dial });
  const spawn: Spawn = (argv, spawning) => session.spawn(argv, spawning);
  return createParent({
    id,
    engine,
    docker: address,
    spawn,
    files: () => filesByShell(id, spawn),
    login: async (terminal, { term, signal }) =>
      showProcess(await session.shell({ terminal: { ...sizeOf(terminal), term }, signal }), terminal),
    dialTcp: (host, port, signal) => session.forwardTcp(host, port, signal),
    sendTree: (tar, remoteDir, send) => session.sendTree(tar, remoteDir, send),
    close: () => session.close(),
  });
}

/** The files of a machine that runs commands. Relative paths start where its logins do. */
async function filesByShell(name: string, spawn: Spawn): Promise<HostFiles> {
  forgetLastStat();
  const { shellFiles } = await import("../files/shell-files.js");
  return shellFiles({
    name,
    absolute: (path) => path,
    start: (script, args, signal) => spawn(["sh", "-c", script, "sh", ...args], { signal, lifetime: "short" }),
  });
}
