import { join } from "node:path";
import { Checkout, type ContextShape } from "../checkout.js";
import { commandContender, dockerOverSsh } from "../command-contender.js";
import type { LinkName } from "../link.js";
import type { Measured } from "../measured.js";
import { contextPathOf } from "../repo.js";
import { required } from "../required.js";
import type { Area, Bench, Contender, Cost, Round, Row } from "../row.js";
import { run, shellArgv } from "../shell.js";
import type { SshClient } from "../ssh-client.js";
import type { Subject } from "../subject.js";
import { noiseOf, writeLargeFiles, writeSmallFiles } from "../tree.js";

/** A program that builds its own checkout. */
interface Builder {
  readonly name: string;
  readonly checkout: Checkout;
  readonly build: (round: Round) => Promise<Measured<unknown>>;
  readonly tag: () => string;
}

interface Scenario {
  readonly what: string;
  readonly cost: Cost;
  /** What has changed since the last build; undefined: there was none. */
  readonly change: ((checkout: Checkout) => void) | undefined;
  /** Only on the link `direct`. */
  readonly nearOnly?: boolean;
}

const scenarios: readonly Scenario[] = [
  { what: "first build", cost: "far", change: undefined },
  { what: "no change", cost: "heavy", change: () => undefined },
  { what: "one file changed", cost: "heavy", change: (checkout) => checkout.edit() },
  { what: "touch all", cost: "far", change: (checkout) => checkout.touch(), nearOnly: true },
  { what: "other clone, other umask", cost: "far", change: (checkout) => checkout.clone(), nearOnly: true },
];

/** Factor for the size of contexts on every link but `direct`, to limit the time of a run. */
const farScale = 0.1;
const wholeContext = "FROM scratch\nCOPY . /\n";
const reach = "FROM scratch\nCOPY d7/s0 /d7/s0\nCOPY d8/s0 /d8/s0\n";

export const build: Area = {
  name: "build",
  title: "Building images",
  about:
    "`otto docker build` against the docker client with `DOCKER_HOST=ssh://`, and `tar` piped into `ssh PARENT docker build -`: whole " +
    "commands, each with its own checkout. On links with a delay or a bastion the contexts have a tenth of the bytes or files.",
  usesLinks: true,
  open: async (bench) => {
    const rows = [...bench.links.keys()].flatMap((link) => linkRows(bench, link));
    return { rows };
  },
};

function linkRows(bench: Bench, link: LinkName): readonly Row[] {
  const near = scenarios.filter(({ nearOnly }) => nearOnly !== true || link === "direct");
  const scale = bench.scale * (link === "direct" ? 1 : farScale);
  const large = largeShape(scale);
  const small = smallShape(scale, wholeContext);
  return [
    ...shapeRows(bench, link, { shape: large, chosen: near }),
    ...shapeRows(bench, link, { shape: small, chosen: link === "direct" ? near : near.slice(0, 2) }),
    ...reachRows(bench, link, { reached: smallShape(bench.scale, reach), large: largeShape(farScale * bench.scale) }),
  ];
}

function largeShape(scale: number): ContextShape {
  return {
    title: "54 files, 200 MB",
    lay: (context) => writeLargeFiles(context, 54, Math.ceil(3_700_000 * scale)),
    edited: "file-7",
    dockerfile: wholeContext,
  };
}

function smallShape(scale: number, dockerfile: string): ContextShape {
  // One file of each directory at least.
  const count = Math.max(800, Math.ceil(20_000 * scale));
  return {
    title: "20,000 files, 205 MB",
    lay: (context) => writeSmallFiles(context, { count, seed: noiseOf(4).readInt32LE() }),
    edited: "d7/s0/file-7.txt",
    outside: "d9/s0/file-9.txt",
    dockerfile,
  };
}

interface ShapeRows {
  readonly shape: ContextShape;
  readonly chosen: readonly Scenario[];
}

function shapeRows(bench: Bench, link: LinkName, { shape, chosen }: ShapeRows): readonly Row[] {
  const lay = (name: string) => layCheckout(bench, link, shape, name);
  const ours = new Map(bench.subjects.map((subject) => [subject, ottoBuilder(subject, lay(subject.name))]));
  const theirs = [
    dockerBuilder(bench.ssh.plain, lay("docker")),
    dockerBuilder(bench.ssh.shared, lay("docker-shared")),
    tarBuilder(bench.ssh.plain, lay("tar")),
    ...(link === "direct" ? [parentBuilder(bench.otto.env, lay("parent"))] : []),
  ];
  return chosen.map(
    ({ what, cost, change }, index): Row => ({
      what: `${what}, ${shape.title}`,
      link,
      cost,
      ours: (subject) => contenderOf(required(ours, subject, `checkout of ${subject.name}`), change),
      theirs: theirs.map((builder) => contenderOf(builder, change)),
      ...(index === chosen.length - 1 && { done: () => removeAll([...ours.values(), ...theirs]) }),
    }),
  );
}

interface ReachShapes {
  readonly reached: ContextShape;
  readonly large: ContextShape;
}

/** A Dockerfile that copies 50 of 20,000 files, against otto with a context of 54 files and against the docker client. */
function reachRows(bench: Bench, link: LinkName, { reached, large }: ReachShapes): readonly Row[] {
  const lay = (name: string, shape: ContextShape) => layCheckout(bench, link, shape, `reach-${name}`);
  const ours = new Map(bench.subjects.map((each) => [each, ottoBuilder(each, lay(each.name, reached))]));
  const few = { ...ottoBuilder(bench.otto, lay("few", large)), name: "otto, 54 files" };
  const docker = dockerBuilder(bench.ssh.shared, lay("docker-shared", reached));
  const unchanged = () => undefined;
  const row = (what: string, change: (checkout: Checkout) => void, theirs: readonly Contender[]): Row => ({
    what: `${what}, 20,000 files, 50 of them copied`,
    link,
    cost: "heavy",
    ours: (subject) => contenderOf(required(ours, subject, `checkout of ${subject.name}`), change),
    theirs,
  });
  return [
    row("no change", unchanged, [contenderOf(few, unchanged), contenderOf(docker, unchanged)]),
    {
      ...row("a file changed that none copies", (checkout) => checkout.editOutside(), [
        contenderOf(few, unchanged),
        contenderOf(docker, (checkout) => checkout.editOutside()),
      ]),
      done: () => removeAll([...ours.values(), few, docker]),
    },
  ];
}

function layCheckout(bench: Bench, link: LinkName, shape: ContextShape, contender: string): Checkout {
  const name = `b-${link}-${shape.title}-${contender}`.toLowerCase().replace(/[^a-z0-9]+/g, "-");
  return new Checkout({
    directory: join(bench.directory, "build"),
    name,
    shape,
    routes: [...bench.links.values()].flat(),
  });
}

function contenderOf({ name, checkout, build, tag }: Builder, change: Scenario["change"]): Contender {
  return {
    name,
    prepare: async (round) => {
      if (change === undefined) return checkout.layAnew();
      if (!checkout.isLaid) {
        checkout.layAnew();
        await build(round);
      }
      change(checkout);
    },
    run: build,
    check: () => checkout.expectBuilt(tag()),
  };
}

function ottoBuilder(subject: Subject, checkout: Checkout): Builder {
  return {
    name: subject.name,
    checkout,
    build: ({ route }) => subject.cli(["docker", "build", "--on", route.name, "--json"], checkout.repo.settings),
    tag: () => `${checkout.repo.name}-api:latest`,
  };
}

function dockerBuilder(client: SshClient, checkout: Checkout): Builder {
  const tag = () => dockerTag(checkout);
  const words = () => ["build", "--progress", "plain", ...dockerFlags(checkout), contextPathOf(checkout.repo)];
  const { name, run } = dockerOverSsh(client, { words, check: () => undefined });
  return { name, checkout, build: run, tag };
}

function tarBuilder(client: SshClient, checkout: Checkout): Builder {
  const tag = () => dockerTag(checkout);
  const line = 'tar -C "$1" -c . | ssh "$2" docker build --quiet --tag "$3" --label "$4" -';
  const { name, run } = commandContender({
    name: "tar | ssh docker build",
    argv: ({ route }) => shellArgv(line, contextPathOf(checkout.repo), route.name, tag(), checkout.label),
    env: () => client.env,
    check: () => undefined,
  });
  return { name, checkout, build: run, tag };
}

/** The time of the engine alone: the context is already on the parent. */
function parentBuilder(env: NodeJS.ProcessEnv, checkout: Checkout): Builder {
  const tag = () => dockerTag(checkout);
  const { name, run } = commandContender({
    name: "docker build on the parent",
    argv: () => ["docker", "build", "--progress", "plain", ...dockerFlags(checkout), contextPathOf(checkout.repo)],
    env: () => env,
    check: () => undefined,
  });
  return { name, checkout, build: run, tag };
}

function dockerTag({ repo }: Checkout): string {
  return `${repo.name}:latest`;
}

function dockerFlags(checkout: Checkout): readonly string[] {
  return ["--tag", dockerTag(checkout), "--label", checkout.label];
}

function removeAll(builders: readonly Builder[]): void {
  for (const { checkout } of builders) checkout.remove();
  // Outside of a world the cache is the machine's.
  if (process.env.OTTO_WORLD !== undefined) run("docker", "builder", "prune", "--all", "--force");
}
