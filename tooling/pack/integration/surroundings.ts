import { randomUUID } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createBusyboxImage, startLab } from "@otto/lab";
import { runCommand } from "./command.js";
import { workspaceRoot } from "./published-packages.js";

/** What is around an example while it runs. */
export interface Surroundings extends AsyncDisposable {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** Sets up what a package's example expects: a stack that is up, a machine that SSH reaches, names of its own. */
export async function prepareSurroundings(name: string, directory: string): Promise<Surroundings> {
  const suffix = `pack-${randomUUID().slice(0, 8)}`;
  const env = { HOME: directory, XDG_CACHE_HOME: join(directory, ".cache"), OTTO_COMPOSE_SUFFIX: suffix };
  const project = `otto-hello-${suffix}`;
  const nothing = async () => {};
  if (name === "@otto/compose") return { args: [project], env, [Symbol.asyncDispose]: nothing };
  if (name === "@otto/swarm") return prepareSwarm(directory, { args: [directory, project], env });
  if (name === "@otto/hosts") {
    const otto = (...words: string[]) =>
      runCommand([process.execPath, join(workspaceRoot, "apps/cli/bin/otto.js"), "docker", ...words], {
        cwd: join(directory, "examples/hello"),
        env,
      });
    await otto("up");
    return { args: [project], env, [Symbol.asyncDispose]: async () => void (await otto("down")) };
  }
  if (name === "ssh2-streamer") {
    const lab = await startLab({ hosts: { box: {} } });
    const { address, port, privateKeyPath } = lab.hosts.box;
    const args = [address, String(port), privateKeyPath];
    return { args, env, [Symbol.asyncDispose]: () => lab[Symbol.asyncDispose]() };
  }
  return { args: [], env, [Symbol.asyncDispose]: nothing };
}

/** A swarm of this machine alone, and a repo in `directory`. */
async function prepareSwarm(
  directory: string,
  surroundings: Omit<Surroundings, keyof AsyncDisposable>,
): Promise<Surroundings> {
  const image = await createBusyboxImage(`otto-swarm-${randomUUID().slice(0, 8)}:1`);
  const settings = 'name = "shop"\nversion = "1"\n[[docker.composes]]\npath = "compose.yml"\nengine = "swarm"\n';
  await mkdir(join(directory, ".otto"));
  await writeFile(join(directory, ".otto/settings.toml"), settings);
  await writeFile(join(directory, "compose.yml"), `services: { api: { image: "${image.tag}" } }\n`);
  const docker = (...words: string[]) => runCommand(["docker", ...words], { cwd: directory, env: {} });
  await docker("swarm", "init", "--advertise-addr", "127.0.0.1");
  return {
    ...surroundings,
    async [Symbol.asyncDispose]() {
      await docker("swarm", "leave", "--force");
      await image[Symbol.asyncDispose]();
    },
  };
}
