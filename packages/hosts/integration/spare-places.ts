import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { promisify } from "node:util";
import { createLocalParent, DockerContainerHost, type Parent } from "@otto/hosts";
import { expect } from "vitest";
import { CleanUps } from "./clean-ups.js";
import { runLabelled } from "./labelled-container.js";
import { createShellImage, type ImageShell } from "./shell-images.js";

const execute = promisify(execFile);

/** A container, named as Compose does, as two hosts: with a process that waits for the next command, and without. */
export interface SparePlace extends AsyncDisposable {
  readonly container: string;
  readonly names: { readonly project: string; readonly service: string };
  readonly shell: ImageShell;
  readonly parent: Parent;
  readonly host: DockerContainerHost;
  readonly plain: DockerContainerHost;
  /** How many processes wait in the container, with a user id only those of that user; asked of the engine itself. */
  countSpares(uid?: number): Promise<number>;
  /** The ids of the container's processes that have these words; asked of the engine itself. */
  findProcesses(words: string): Promise<readonly string[]>;
  /** Resolves when a process of the host waits for a command of that user: an id, or `keeper`. */
  prepare(user?: string): Promise<void>;
  /** Runs a script in the container by the docker client. */
  inside(script: string): Promise<string>;
}

/** A user that the container may have. */
export const keeper = { uid: 77 } as const;

/** @param flags of `docker run` */
export async function startSparePlace(shell: ImageShell, flags: readonly string[] = []): Promise<SparePlace> {
  await using cleanUps = new CleanUps();
  const image = cleanUps.add(await createShellImage(shell));
  const names = { project: `otto-spare-${randomBytes(4).toString("hex")}`, service: "api" };
  const named = ["--name", `${names.project}-${names.service}-1`, ...flags];
  const { id: container } = cleanUps.add(await runLabelled({ image: image.tag, ...names, flags: named }));
  const docker = { command: ["docker"], stagingRoot: undefined };
  const parent = cleanUps.add(createLocalParent({ id: "local", docker, socketPath: undefined, env: process.env }));
  const setting = { id: "local.r.api", ...names, replica: 1, engine: parent.engine };
  const host = cleanUps.add(new DockerContainerHost(setting));
  const plain = cleanUps.add(new DockerContainerHost({ ...setting, keepsSpare: false }));
  const list = async (words: string) => {
    const { stdout } = await execute("docker", ["top", container, "-eo", "pid,uid,args"]);
    return stdout
      .split("\n")
      .filter((line) => line.includes(words))
      .map((line) => line.trim().split(/ +/));
  };
  const countSpares = async (uid?: number) => {
    const waiting = await list("otto_request");
    return waiting.filter(([, owner]) => uid === undefined || owner === `${uid}`).length;
  };
  const owned = cleanUps.move();
  return {
    ...{ container, names, shell, parent, host, plain, countSpares },
    findProcesses: async (words) => (await list(words)).map(([pid = ""]) => pid),
    prepare: async (user) => {
      const uid = user === "keeper" ? keeper.uid : Number(user ?? 0);
      await host.exec(["true"], { user });
      await expect.poll(() => countSpares(uid)).toBe(1);
    },
    inside: async (script) => (await execute("docker", ["exec", container, "sh", "-c", script])).stdout,
    [Symbol.asyncDispose]: () => owned[Symbol.asyncDispose](),
  };
}

/** Succeeds where it is run by a process that has waited for it; one that has not has these words as well. */
export const isSpared = 'grep -q "otto_reques[t]" "/proc/$PPID/cmdline"';
