import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { copyFile, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { DockerContainerHost, type FileTransfer, type Parent } from "@otto/hosts";
import { createBusyboxImage } from "@otto/lab";
import { startParents, ways } from "./conformance-parents.js";

const execute = promisify(execFile);

export const containerWays = [
  "container",
  "container through a bastion",
  "stopped container",
  "container without a shell",
] as const;
export const placeWays = [...ways, ...containerWays] as const;
export type PlaceWay = (typeof placeWays)[number];

/** Hosts of every kind that all see `directory` of this machine under the same path. */
export interface FilePlaces extends AsyncDisposable {
  readonly byWay: Readonly<Record<PlaceWay, FileTransfer>>;
  readonly directory: string;
  /** The container that runs. */
  readonly container: string;
  /** Starts a further one of the same image. */
  startContainer(options: readonly string[]): Promise<DockerContainerHost>;
}

export async function startFilePlaces(): Promise<FilePlaces> {
  const name = `otto-files-${randomBytes(4).toString("hex")}`;
  const directory = await mkdtemp(join(tmpdir(), "otto-files-"));
  const parents = await startParents();
  const image = await createBusyboxImage(`${name}:latest`);
  const bareTag = await createBareImage(directory, `${name}-bare:latest`);
  const names: string[] = [];
  const start = async (tag: string, command: readonly string[], options: readonly string[] = []) => {
    const service = `s${names.length}`;
    const container = `${name}-${service}`;
    names.push(container);
    const labels = [
      "--label",
      `com.docker.compose.project=${name}`,
      "--label",
      `com.docker.compose.service=${service}`,
    ];
    const mount = ["--volume", `${directory}:${directory}`];
    await execute("docker", [
      "run",
      "-d",
      "--init",
      "--name",
      container,
      ...labels,
      ...mount,
      ...options,
      tag,
      ...command,
    ]);
    const hostBy = (parent: Parent) => hostOf(parent, { project: name, service });
    return { container, hostBy, host: hostBy(parents.byWay.local) };
  };
  const running = await start(image.tag, []);
  const stopped = await start(image.tag, []);
  await execute("docker", ["kill", stopped.container]);
  const bare = await start(bareTag, ["/busybox", "sleep", "infinity"]);
  return {
    byWay: {
      ...parents.byWay,
      container: running.host,
      "container through a bastion": running.hostBy(parents.byWay["ssh through a bastion"]),
      "stopped container": stopped.host,
      "container without a shell": bare.host,
    },
    directory,
    container: running.container,
    startContainer: async (options) => (await start(image.tag, [], options)).host,
    async [Symbol.asyncDispose]() {
      await execute("docker", ["rm", "-f", ...names]);
      await execute("docker", ["image", "rm", "-f", bareTag]);
      await image[Symbol.asyncDispose]();
      await parents[Symbol.asyncDispose]();
      await rm(directory, { recursive: true });
    },
  };
}

function hostOf({ id, engine }: Parent, { project, service }: { readonly project: string; readonly service: string }) {
  return new DockerContainerHost({ id: `${id}.files.${service}`, service, project, replica: 1, engine });
}

async function createBareImage(directory: string, tag: string): Promise<string> {
  const root = join(directory, "bare");
  await mkdir(root);
  await copyFile("/bin/busybox", join(root, "busybox"));
  await execute("sh", ["-c", 'tar -C "$1" -c . | docker import - "$2"', "sh", root, tag]);
  await rm(root, { recursive: true });
  return tag;
}
