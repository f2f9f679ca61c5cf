import { join } from "node:path";
import { createImage } from "./busybox.js";
import type { ContainerName } from "./library-calls.js";
import type { Route } from "./link.js";
import { layRepo, type Repo } from "./repo.js";
import { required } from "./required.js";
import type { Bench, Round } from "./row.js";
import { run } from "./shell.js";
import type { Subject } from "./subject.js";

export interface RunningContainer extends AsyncDisposable {
  readonly id: string;
  /** As the libraries find it. */
  readonly name: ContainerName;
  /** Of the stack that it belongs to, by the way to its parent. */
  repo(route: Route): Repo;
  /** The same with connections that persist. */
  persistent(route: Route): Repo;
  /** As the command line names it. */
  hostId(round: Round): string;
}

const service = "s0";
/** Longer than any pause between two rounds. */
const persist = "2m";

export interface ContainerSettings {
  /** Unique in the run: name of the repository. */
  readonly name: string;
  /** The container's command. Default: that of the image, which sleeps. */
  readonly command?: readonly string[];
}

/** Brings up a stack of one container with otto. Every link reaches it, because all parents share one engine. */
export async function startContainer(bench: Bench, { name, command }: ContainerSettings): Promise<RunningContainer> {
  const image = await createImage();
  const does = command === undefined ? "" : `, command: ${JSON.stringify(command)}`;
  const compose = `services:\n  ${service}: { image: "${image.tag}", init: true, labels: { bench.stack: ${name} }${does} }\n`;
  const lay = (on: Route, sshOptions?: Readonly<Record<string, unknown>>): Repo => {
    const directory = join(bench.directory, sshOptions === undefined ? on.name : `${on.name}-persistent`);
    return layRepo(directory, {
      name,
      routes: [on],
      compose,
      on,
      ...(sshOptions && { sshOptions }),
    });
  };
  const routes = [...bench.links.values()].flat();
  const repos = new Map(routes.map((route) => [route.name, lay(route)]));
  const persistent = new Map(routes.map((route) => [route.name, lay(route, { persist })]));
  const [first] = repos.values();
  if (first === undefined) throw new Error("bench: no link was chosen");
  await bench.otto.cli(["docker", "up"], first.settings);
  const id = run("docker", "ps", "--quiet", "--filter", `label=bench.stack=${name}`).trim();
  const project = run(
    "docker",
    "inspect",
    "--format",
    '{{index .Config.Labels "com.docker.compose.project"}}',
    id,
  ).trim();
  return {
    id,
    name: { project, service },
    repo: ({ name: on }) => required(repos, on, `repository for ${on}`),
    persistent: ({ name: on }) => required(persistent, on, `repository for ${on}`),
    hostId: ({ route }: { readonly route: Route }) => `${route.name}.${name}.${service}`,
    [Symbol.asyncDispose]: async () => {
      for (const subject of bench.subjects) await closeConnections(subject, first);
      await bench.otto.cli(["docker", "down"], first.settings);
      await image[Symbol.asyncDispose]();
    },
  };
}

/** Stops persistent connections. An older checkout may lack the command; then it has none. */
async function closeConnections(subject: Subject, { settings }: Repo): Promise<void> {
  await subject.cli(["lab", "connections", "--stop"], settings).catch(() => undefined);
}
