import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { promisify } from "node:util";
import { createSshParent, DockerContainerHost, type Parent } from "@otto/hosts";
import { type Lab, startLab } from "@otto/lab";
import type { SshRoute } from "ssh2-streamer";
import { CleanUps } from "./clean-ups.js";
import { runLabelled } from "./labelled-container.js";
import { createShellImage, type ImageShell } from "./shell-images.js";

const execute = promisify(execFile);

/** A container with a certain shell, as a host of a parent behind a bastion. */
export interface ContainerPlace extends AsyncDisposable {
  readonly lab: Lab<"bastion" | "parent">;
  readonly parent: Parent;
  readonly host: DockerContainerHost;
  /** The container's name. */
  readonly container: string;
  /** A further client's way to the same container. */
  connect(): { readonly parent: Parent; readonly host: DockerContainerHost };
  /** The arguments of {@link connect}'s making, for a process of its own. */
  readonly settings: { readonly parent: object; readonly host: object };
  /** The command lines of all processes in the container, zombies too; asked of the engine itself. */
  processes(): Promise<string[]>;
  /** How many processes of the container have exactly these words. */
  count(words: string): Promise<number>;
}

/** @param flags of `docker run` */
export async function startPlace(shell: ImageShell, flags: readonly string[] = []): Promise<ContainerPlace> {
  const stack = new CleanUps();
  const name = `otto-place-${randomBytes(4).toString("hex")}`;
  try {
    const image = stack.add(await createShellImage(shell));
    const names = { project: name, service: "api" };
    stack.add(await runLabelled({ image: image.tag, ...names, flags: ["--name", name, ...flags] }));
    const lab = stack.add(await startLab({ hosts: { bastion: {}, parent: { hop: "bastion", proxy: {} } } }));
    const parentSettings = {
      id: "parent",
      route: routeOf(lab),
      docker: { command: lab.hosts.parent.docker.command, stagingRoot: undefined },
      socketPath: lab.hosts.parent.docker.socketPath,
    };
    const hostSettings = { id: "parent.r.api", ...names, replica: 1 };
    const connect = () => {
      const parent = stack.add(createSshParent(parentSettings));
      return { parent, host: stack.add(new DockerContainerHost({ ...hostSettings, engine: parent.engine })) };
    };
    return {
      lab,
      ...connect(),
      container: name,
      connect,
      settings: { parent: parentSettings, host: hostSettings },
      processes: () => listProcesses(name),
      count: async (words) => (await listProcesses(name)).filter((line) => line === words).length,
      [Symbol.asyncDispose]: () => stack[Symbol.asyncDispose](),
    };
  } catch (error) {
    await stack[Symbol.asyncDispose]();
    throw error;
  }
}

/** Places with these shells, one each. */
export async function startPlaces<Shell extends ImageShell>(
  shells: readonly Shell[],
): Promise<AsyncDisposable & { readonly byShell: Readonly<Record<Shell, ContainerPlace>> }> {
  const stack = new CleanUps();
  const byShell: Partial<Record<Shell, ContainerPlace>> = {};
  for (const shell of shells) byShell[shell] = stack.add(await startPlace(shell));
  return {
    byShell: byShell as Record<Shell, ContainerPlace>,
    [Symbol.asyncDispose]: () => stack[Symbol.asyncDispose](),
  };
}

async function listProcesses(container: string): Promise<string[]> {
  const { stdout } = await execute("docker", ["top", container, "-eo", "pid,args"]);
  const [, ...lines] = stdout.trimEnd().split("\n");
  return lines.map((line) => line.replace(/^ *\d+ +/, ""));
}

function routeOf(lab: Lab<"bastion" | "parent">): SshRoute {
  return [lab.hosts.bastion, lab.hosts.parent].map(({ name, address, port, user, privateKeyPath, fingerprint }) => ({
    name,
    host: address,
    port,
    credentials: [{ username: user, privateKeys: [{ path: privateKeyPath }] }],
    hostKey: { pin: fingerprint },
  })) as unknown as SshRoute;
}

/** On cgroup v1, runc gives up freezing processes that come and go on a busy machine: then it is asked again. */
export async function pauseContainer(container: string): Promise<void> {
  for (;;) {
    const refusal = await execute("docker", ["pause", container]).then(() => undefined, String);
    if (refusal === undefined) return;
    if (!refusal.includes("unable to freeze")) throw new Error(refusal);
  }
}
