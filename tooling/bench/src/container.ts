import { join } from "node:path";
import { createImage } from "./busybox.js";
import type { ContainerName } from "./library-calls.js";
import type { LinkName, Route } from "./link.js";
import { layRepo, type Repo } from "./repo.js";
import { firstRoute } from "./route-choice.js";
import type { Bench, Turn } from "./row.js";
import { run } from "./shell.js";

export interface RunningContainer extends AsyncDisposable {
  readonly id: string;
  /** As the libraries find it. */
  readonly name: ContainerName;
  /** Of the stack that it belongs to, by link. */
  repo(link: LinkName): Repo;
  /** The same with connections that persist. */
  persistent(link: LinkName): Repo;
  /** As the command line names it. */
  hostId(turn: Turn): string;
}

const service = "s0";
/** Longer than any pause between two rounds. */
const persist = "2m";

export interface ContainerSettings {
  /** Unique in the run: name of the repository. */
  readonly name: string;
  /** What the container does. Default: nothing. */
  readonly command?: readonly string[];
}

/** Brings one container up as a stack of otto's. It is found over every link, for there is one engine. */
export async function startContainer(bench: Bench, { name, command }: ContainerSettings): Promise<RunningContainer> {
  const image = await createImage();
  const does = command === undefined ? "" : `, command: ${JSON.stringify(command)}`;
  const compose = `services:\n  ${service}: { image: "${image.tag}", init: true, labels: { bench.stack: ${name} }${does} }\n`;
  const lay = (link: LinkName, sshOptions?: Readonly<Record<string, unknown>>): Repo => {
    const on = firstRoute(bench, link);
    const directory = join(bench.directory, sshOptions === undefined ? link : `${link}-persistent`);
    return layRepo(directory, {
      name,
      routes: bench.links.get(link) ?? [],
      compose,
      on,
      ...(sshOptions && { sshOptions }),
    });
  };
  const links = [...bench.links.keys()];
  const repos = new Map(links.map((link) => [link, lay(link)]));
  const persistent = new Map(links.map((link) => [link, lay(link, { persist })]));
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
    repo: (link) => find(repos, link),
    persistent: (link) => find(persistent, link),
    hostId: ({ route }: { readonly route: Route }) => `${route.name}.${name}.${service}`,
    [Symbol.asyncDispose]: async () => {
      await bench.otto.cli(["docker", "down"], first.settings);
      await image[Symbol.asyncDispose]();
    },
  };
}

function find(repos: ReadonlyMap<LinkName, Repo>, link: LinkName): Repo {
  const repo = repos.get(link);
  if (repo === undefined) throw new Error(`bench: no repository for ${link}`);
  return repo;
}
