import type { Readable } from "node:stream";
import type { CommandResult, DockerContainerHost, Parent } from "@otto/hosts";
import type { RemoteProcess } from "ssh2-streamer";

export interface Setting {
  readonly directory?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string | Uint8Array | Readable;
  readonly maxOutputBytes?: number;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** What parents and containers have in common, by one name for each option. */
export interface Host
  extends Pick<Parent & DockerContainerHost, "id" | "run" | "session" | "login" | "put" | "get" | "forward"> {
  exec(command: string | readonly string[], setting?: Setting): Promise<CommandResult>;
  spawn(argv: readonly string[], options?: { readonly signal?: AbortSignal }): Promise<RemoteProcess>;
}

export function parentHost(parent: Parent): Host {
  return {
    ...callsOf(parent),
    exec: (command, { directory: cwd, ...rest } = {}) => parent.exec(command, { cwd, ...rest }),
    spawn: (argv, options) => parent.spawn(argv, options),
  };
}

export function containerHost(container: DockerContainerHost): Host {
  return {
    ...callsOf(container),
    exec: (command, { directory: workdir, ...rest } = {}) => container.exec(command, { workdir, ...rest }),
    spawn: (argv, options) => container.spawn(argv, options),
  };
}

function callsOf(host: Parent | DockerContainerHost): Omit<Host, "exec" | "spawn"> {
  return {
    id: host.id,
    run: (line, options) => host.run(line, options),
    session: (name) => host.session(name),
    login: (terminal, options) => host.login(terminal, options),
    put: (sources, destination, options) => host.put(sources, destination, options),
    get: (sources, destination, options) => host.get(sources, destination, options),
    forward: (localPort, port, options) => host.forward(localPort, port, options),
  };
}
