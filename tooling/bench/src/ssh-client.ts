import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Route } from "./link.js";

/** OpenSSH clients whose configuration has a host entry for every route. */
export interface SshClients {
  /** Each command opens its own connection. */
  readonly plain: SshClient;
  /** All commands share one connection, which is already open (ControlMaster). */
  readonly shared: SshClient;
  close(): Promise<void>;
}

export interface SshClient {
  /** Suffix for the name of a contender that uses this client: ` (ControlMaster)` or nothing. */
  readonly label: string;
  readonly configPath: string;
  /** Environment of a child process: the `ssh` in its PATH reads the configuration. */
  readonly env: NodeJS.ProcessEnv;
  /** The same, with `DOCKER_HOST` set to the parent. */
  dockerEnv(route: Pick<Route, "name">): NodeJS.ProcessEnv;
}

/** Writes both configurations and opens the shared connections. */
export async function openSshClients(
  directory: string,
  routes: readonly Route[],
  env: NodeJS.ProcessEnv,
): Promise<SshClients> {
  const shared = `ControlMaster auto\n  ControlPath ${join(directory, "control")}/%C\n  ControlPersist yes`;
  mkdirSync(join(directory, "control"), { mode: 0o700 });
  const clients = {
    plain: laySshClient({ directory: join(directory, "ssh"), routes, env, label: "", options: "ControlMaster no" }),
    shared: laySshClient({
      directory: join(directory, "ssh-shared"),
      routes,
      env,
      label: " (ControlMaster)",
      options: shared,
    }),
  };
  // Not synchronous: its traffic goes through proxies in this process. stdio is ignored because the ControlMaster keeps it open.
  const ssh = async (...words: string[]) => {
    const child = spawn("ssh", ["-F", clients.shared.configPath, ...words], { stdio: "ignore" });
    const [exitCode] = await once(child, "exit");
    return exitCode as number | null;
  };
  for (const { name } of routes) {
    const exitCode = await ssh(name, "true");
    if (exitCode !== 0) throw new Error(`bench: ssh ${name}: exit code ${exitCode}`);
  }
  const masters = [...new Set(routes.flatMap(({ machines }) => machines.map(({ name }) => name)))];
  return {
    ...clients,
    close: async () => {
      // One that has ended by itself refuses.
      for (const name of masters.toReversed()) await ssh("-O", "exit", name);
    },
  };
}

interface ClientLayout {
  readonly directory: string;
  readonly routes: readonly Route[];
  readonly env: NodeJS.ProcessEnv;
  readonly label: string;
  readonly options: string;
}

/** Writes a configuration with the routes, and an `ssh` that reads it. */
export function laySshClient({ directory, routes, env, label, options }: ClientLayout): SshClient {
  mkdirSync(join(directory, "bin"), { recursive: true });
  const configPath = join(directory, "config");
  writeFileSync(configPath, formatSshConfig(routes, options));
  writeFileSync(join(directory, "bin/ssh"), `#!/bin/sh\nexec /usr/bin/ssh -F ${configPath} "$@"\n`, { mode: 0o755 });
  const clientEnv = { ...env, PATH: `${join(directory, "bin")}:${env.PATH}` };
  return {
    label,
    configPath,
    env: clientEnv,
    dockerEnv: ({ name }) => ({ ...clientEnv, DOCKER_HOST: `ssh://${name}`, DOCKER_BUILDKIT: "1" }),
  };
}

function formatSshConfig(routes: readonly Route[], options: string): string {
  const blocks = new Map<string, string>();
  for (const { machines, login } of routes) {
    for (const [index, { name, port }] of machines.entries()) {
      const hop = machines[index - 1];
      const jump = hop === undefined ? "" : `\n  ProxyJump ${hop.name}`;
      blocks.set(name, `Host ${name}\n  HostName ${login.address}\n  Port ${port}${jump}\n`);
    }
  }
  const [first] = routes;
  if (first === undefined) return "";
  const { user, privateKeyPath, knownHostsPath } = first.login;
  const common = [
    `User ${user}`,
    `IdentityFile ${privateKeyPath}`,
    "IdentitiesOnly yes",
    "IdentityAgent none",
    `UserKnownHostsFile ${knownHostsPath}`,
    "StrictHostKeyChecking yes",
    "LogLevel ERROR",
    options,
  ];
  return `${[...blocks.values()].join("")}Host *\n  ${common.join("\n  ")}\n`;
}
