import { OttoError } from "@otto/errors";

/** How Docker is reached on a parent, as it is declared. */
export interface DeclaredDocker {
  /** The docker client's argv there, as `["sudo", "-n", "docker"]`. */
  readonly command: readonly string[];
  /** Directory for staged files; undefined: `otto` in the login's cache directory. */
  readonly stagingRoot: string | undefined;
}

/** How Docker is reached on a parent: one engine for everything. */
export interface ParentDocker extends DeclaredDocker {
  /** The client's argv with `-H` and the engine's socket: it goes before an environment and a docker context there. */
  readonly command: readonly string[];
  /** The engine's socket on the parent. */
  readonly socketPath: string;
}

/** A {@link ParentDocker}, and the client's argv without what names an engine. */
export interface AddressedDocker extends ParentDocker {
  readonly client: readonly string[];
}

export const usualSocket = "/var/run/docker.sock";
/** Where systemd has Podman's service for root listen. */
const podmanSocket = "/run/podman/podman.sock";

/**
 * Decides which engine a parent's is: that of `socketPath`, else what its docker command names, else that of `usual`.
 * @param host names the parent in messages
 * @throws OttoError `HOST_ENGINE_AMBIGUOUS` when the command names another engine, or one by no socket
 */
export function addressEngine(
  host: string,
  { docker, socketPath }: { readonly docker: DeclaredDocker; readonly socketPath: string | undefined },
  usual: () => string = () => usualSocket,
): AddressedDocker {
  const { client, named } = readEngines(docker.command);
  const given = socketPath === undefined ? [] : [socketPath];
  const sockets = new Set([...given, ...named.map(readSocket)]);
  if (sockets.size > 1 || sockets.has(undefined)) throw ambiguous(host, docker.command, socketPath);
  const [socket = client.some(isPodman) ? podmanSocket : usual()] = sockets;
  return {
    client,
    command: [...client, "-H", `unix://${socket}`],
    stagingRoot: docker.stagingRoot,
    socketPath: socket,
  };
}

/** The path in `unix:///path`; undefined for any other address. */
export function readSocket(address: string): string | undefined {
  return /^unix:\/\/(\/.*)$/s.exec(address)?.[1];
}

const isPodman = (word: string) => /(^|\/)podman$/.test(word);

const engineFlag = /^(?:-H|--host|--url|-c|--context|--connection)(?:=(.*))?$/s;
const engineVariable = /^DOCKER_(?:HOST|CONTEXT)=(.*)$/s;

/** Splits what names engines (`-H`, `--context`, `env DOCKER_HOST=…`) from a client's argv. */
function readEngines(command: readonly string[]): { client: string[]; named: string[] } {
  const program = command.findIndex((word) => /(^|\/)(docker|podman)$/.test(word));
  const client: string[] = [];
  const named: string[] = [];
  for (let at = 0; at < command.length; at += 1) {
    const word = command[at] ?? "";
    const variable = engineVariable.exec(word);
    // Before the program stand options of others: `sudo -H`.
    const flag = program !== -1 && at > program ? engineFlag.exec(word) : null;
    if (variable !== null) named.push(variable[1] ?? "");
    else if (flag !== null) named.push(flag[1] ?? command[++at] ?? "");
    else client.push(word);
  }
  return { client, named };
}

function ambiguous(host: string, command: readonly string[], socketPath: string | undefined): OttoError {
  const instead = socketPath === undefined ? "an engine without a socket there" : `another engine than ${socketPath}`;
  return new OttoError(
    "HOST_ENGINE_AMBIGUOUS",
    `reaching the engine of ${host}: docker.command (${command.join(" ")}) names ${instead}`,
    {
      hint: "Name the engine by docker.socket alone, and take it out of docker.command.",
      details: { host },
    },
  );
}
