import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createImage } from "../busybox.js";
import { commandContender } from "../command-contender.js";
import type { Route } from "../link.js";
import { layRepo, type Repo } from "../repo.js";
import type { Area, Bench, Contender, Row } from "../row.js";
import { expectEqual, run, shellArgv } from "../shell.js";
import type { SimulatedParents } from "../simulated-parents.js";
import { laySshClient, type SshClient } from "../ssh-client.js";

const counts = [1, 10, 100, 300] as const;
const delays = [0, 25] as const;
/** Rows of more parents run a fifth of the rounds. */
const manyParents = 100;
/** Of the docker clients. */
const atOnce = 16;
const name = "many";

export const parents: Area = {
  name: "parents",
  title: "Many parents",
  about:
    "Simulated parents: SSH servers of one process, with this machine's engine behind each. `otto docker ps --all-stacks`, an `otto docker up` of a " +
    "stack that is up on all of them (`spread`), and `true` on each by `lab.eachParent` of @otto/docker, which opens the lab and closes it again. " +
    `Against the docker client over ssh, ${atOnce} at a time. The parents count the handshakes themselves; they share this machine's processors with the client.`,
  usesLinks: true,
  open: async (bench) => {
    const image = await createImage();
    const started: Parents[] = [];
    for (const delayMs of delays) {
      for (const count of counts) started.push(await startParents(bench, { count, delayMs, image: image.tag }));
    }
    return {
      rows: started.flatMap((each) => rowsOf(bench, each)),
      [Symbol.asyncDispose]: async () => {
        for (const { child } of started) child.disconnect();
        const ids = listContainers();
        if (ids.length > 0) run("docker", "rm", "--force", ...ids);
        await image[Symbol.asyncDispose]();
      },
    };
  },
};

interface Parents {
  readonly count: number;
  readonly title: string;
  readonly child: ChildProcess;
  readonly repo: Repo;
  readonly names: string;
  readonly client: SshClient;
}

interface ParentSettings {
  readonly count: number;
  readonly delayMs: number;
  readonly image: string;
}

async function startParents(bench: Bench, { count, delayMs, image }: ParentSettings): Promise<Parents> {
  const program = fileURLToPath(new URL("../simulated-parents.js", import.meta.url));
  const child = fork(program, [String(count), String(delayMs)]);
  const started = await ask<SimulatedParents>(child);
  const directory = join(bench.directory, `parents-${count}-${delayMs}`);
  const routes = routesTo(directory, started, bench);
  const compose = `services:\n  web: { image: "${image}", init: true, labels: { bench.stack: ${name} } }\n`;
  return {
    count,
    title: `${count} parent${count === 1 ? "" : "s"}${delayMs === 0 ? "" : `, ${2 * delayMs} ms`}`,
    child,
    repo: layRepo(directory, { name, routes, compose, on: "all" }),
    names: routes.map((route) => route.name).join(" "),
    client: laySshClient({ directory: join(directory, "ssh"), routes, env: bench.otto.env, label: "", options: "" }),
  };
}

async function ask<Answer>(child: ChildProcess, question?: "handshakes"): Promise<Answer> {
  const answered = once(child, "message");
  if (question !== undefined) child.send(question);
  const [answer] = await answered;
  return answer as Answer;
}

function rowsOf(bench: Bench, each: Parents): readonly Row[] {
  const { count, title, child, repo } = each;
  const row = (what: string, ours: Row["ours"], theirs: readonly Contender[]): Row => ({
    what: `${what} ${title}`,
    cost: count >= manyParents ? "far" : "heavy",
    showsFiles: true,
    ours: (subject) => counted(child, ours(subject)),
    theirs: theirs.map((contender) => counted(child, contender)),
  });
  const isUp = () => listContainers().length > 0;
  const bringUp = () => bench.otto.cli(["docker", "up", "--on", "parent0"], repo.settings);
  const prepare = async () => isUp() || (await bringUp());
  return [
    row(
      "docker ps over",
      (subject) => ({
        name: subject.name,
        prepare,
        run: () => subject.cli(["docker", "ps", "--all-stacks", "--json"], repo.settings),
        check: ({ stdout }: { stdout: string }) => {
          const [id = ""] = listContainers();
          const listed = stdout.split("\n").filter((line) => line.includes('"container"') && line.includes(id));
          expectEqual("parents that listed the container", listed.length, count);
        },
      }),
      [dockerPs(each, prepare)],
    ),
    row(
      "unchanged up on",
      (subject) => {
        let before: readonly string[] = [];
        return {
          name: subject.name,
          prepare: async () => {
            await prepare();
            before = listContainers();
          },
          run: () => subject.cli(["docker", "up", "--json"], repo.settings),
          check: () => expectEqual("containers", listContainers(), before),
        };
      },
      [],
    ),
    row(
      "true on each of",
      (subject) => ({
        name: subject.name,
        run: async () => {
          const { output, ...measured } = await subject.call("fanOut", repo.root, repo.settings.variables ?? {});
          return { ...measured, openFiles: output.openFiles, output: output.exitCodes };
        },
        check: (exitCodes) => expectEqual("exit codes", exitCodes, Array(count).fill(0)),
      }),
      [],
    ),
  ];
}

/** The same, with how many connections the parents accepted meanwhile. */
function counted<Output>(child: ChildProcess, contender: Contender<Output>): Contender<Output> {
  return {
    ...contender,
    run: async (round) => {
      const before = await ask<number>(child, "handshakes");
      const measured = await contender.run(round);
      return { ...measured, handshakes: (await ask<number>(child, "handshakes")) - before };
    },
  };
}

function dockerPs({ count, names, client }: Parents, prepare: () => unknown): Contender {
  const filter = `label=bench.stack=${name}`;
  const line = `echo ${names} | xargs -n 1 -P ${atOnce} sh -c 'exec docker --host "ssh://$0" ps --quiet --filter ${filter}'`;
  const contender = commandContender({
    name: `docker over ssh, ${atOnce} at a time`,
    argv: () => shellArgv(line),
    env: () => client.env,
    check: ({ stdout }) => expectEqual("parents that listed it", stdout.trim().split("\n").length, count),
  });
  return { ...contender, prepare };
}

function listContainers(): readonly string[] {
  const ids = run("docker", "ps", "--quiet", "--filter", `label=bench.stack=${name}`);
  return ids.split("\n").filter((id) => id !== "");
}

function routesTo(
  directory: string,
  { ports, publicKey, privateKey }: SimulatedParents,
  bench: Bench,
): readonly Route[] {
  mkdirSync(directory, { recursive: true });
  const login = {
    address: "127.0.0.1",
    user: "bench",
    privateKeyPath: join(directory, "key"),
    knownHostsPath: join(directory, "known_hosts"),
  };
  writeFileSync(login.privateKeyPath, privateKey, { mode: 0o600 });
  writeFileSync(login.knownHostsPath, ports.map((port) => `[${login.address}]:${port} ${publicKey}\n`).join(""));
  const [first] = [...bench.links.values()].flat();
  if (first === undefined) throw new Error("bench: no link was chosen");
  return ports.map((port, index) => {
    const name = `parent${index}`;
    return { ...first, name, machines: [{ name, port }], login, isCounted: false };
  });
}
