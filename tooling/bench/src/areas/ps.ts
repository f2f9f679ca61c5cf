import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { commandContender, commandOverSsh, dockerOverSsh } from "../command-contender.js";
import { type RunningContainer, startContainer } from "../container.js";
import type { LinkName, Route } from "../link.js";
import type { CommandOutput } from "../measure-command.js";
import { layRepo } from "../repo.js";
import type { Area, Bench, Row } from "../row.js";
import { expectEqual, shellArgv } from "../shell.js";
import type { SimulatedParents } from "../simulated-parents.js";
import { laySshClient } from "../ssh-client.js";

const counts = [10, 100, 300] as const;
const delays = [0, 25] as const;
/** As many handshakes as otto makes at once. */
const atOnce = 16;

export const ps: Area = {
  name: "ps",
  title: "Listing containers",
  about:
    "`otto docker ps` of one stack against `docker ps`, and `otto docker ps --all-stacks` over many simulated parents (SSH servers of one " +
    `process, with this machine's engine behind each) against \`docker ps\` over ssh, ${atOnce} at a time. Whole commands.`,
  usesLinks: true,
  open: async (bench) => {
    const container = await startContainer(bench, { name: "bench-ps" });
    const parents: ChildProcess[] = [];
    const rows: Row[] = [...bench.links.keys()].flatMap((link) => stackRows(bench, link, container));
    for (const delayMs of delays) {
      for (const count of counts.map((each) => Math.ceil(each * bench.scale))) {
        const child = fork(fileURLToPath(new URL("../simulated-parents.js", import.meta.url)), [
          `${count}`,
          `${delayMs}`,
        ]);
        parents.push(child);
        const [started]: SimulatedParents[] = await once(child, "message");
        if (started !== undefined) rows.push(manyRow(bench, { delayMs, started, container }));
      }
    }
    return {
      rows,
      [Symbol.asyncDispose]: async () => {
        for (const child of parents) child.disconnect();
        await container[Symbol.asyncDispose]();
      },
    };
  },
};

function stackRows({ ssh }: Bench, link: LinkName, container: RunningContainer): readonly Row[] {
  const words = () => ["ps", "--quiet", "--filter", `id=${container.id}`];
  const expectListed = ({ stdout }: CommandOutput) => expectEqual("containers", stdout.trim(), container.id);
  const ottoRow = (what: string, persists: boolean): Omit<Row, "theirs"> => ({
    what,
    link,
    ours: (subject) => ({
      name: subject.name,
      run: ({ route }) => {
        const repo = persists ? container.persistent(route) : container.repo(route);
        return subject.cli(["docker", "ps", "--json"], repo.settings);
      },
      check: ({ stdout }: CommandOutput) =>
        expectEqual(
          "containers",
          listContainers(stdout).map((id) => id.slice(0, 12)),
          [container.id],
        ),
    }),
  });
  const shared = dockerOverSsh(ssh.shared, { words, check: expectListed });
  const sshDockerPs = commandOverSsh("ssh docker ps", ssh.shared, {
    words: () => ["docker", ...words()],
    check: expectListed,
  });
  return [
    {
      ...ottoRow("docker ps", false),
      theirs: [dockerOverSsh(ssh.plain, { words, check: expectListed }), shared, sshDockerPs],
    },
    { ...ottoRow("docker ps, connection persists", true), theirs: [shared, sshDockerPs] },
  ];
}

/** Ids of the containers that `otto docker ps --json` printed. */
function listContainers(stdout: string): string[] {
  const records = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  return records.flatMap(({ container, id }) => [container, id].filter((each) => typeof each === "string"));
}

interface Many {
  readonly delayMs: number;
  readonly started: SimulatedParents;
  readonly container: RunningContainer;
}

function manyRow(bench: Bench, { delayMs, started, container }: Many): Row {
  const count = started.ports.length;
  const title = `${count} parents${delayMs === 0 ? "" : `, ${2 * delayMs} ms`}`;
  const directory = join(bench.directory, `parents-${count}-${delayMs}`);
  const routes = routesTo(directory, started, bench);
  const repo = layRepo(directory, { name: "many", routes });
  const client = laySshClient({
    directory: join(directory, "ssh"),
    routes,
    env: bench.otto.env,
    label: "",
    options: "",
  });
  const names = routes.map(({ name }) => name).join(" ");
  const line = `echo ${names} | xargs -n 1 -P ${atOnce} sh -c 'exec docker --host "ssh://$0" ps --quiet --filter id=${container.id}'`;
  return {
    what: `docker ps over ${title}`,
    cost: count > counts[0] ? "far" : "heavy",
    ours: (subject) => ({
      name: subject.name,
      run: () => subject.cli(["docker", "ps", "--all-stacks", "--json"], repo.settings),
      check: ({ stdout }: CommandOutput) => {
        const parents = stdout
          .split("\n")
          .filter((record: string) => record.includes('"container"') && record.includes(container.id));
        expectEqual("parents that listed the container", parents.length, count);
      },
    }),
    theirs: [
      commandContender({
        name: "docker over ssh, 16 at a time",
        argv: () => shellArgv(line),
        env: () => client.env,
        check: ({ stdout }: CommandOutput) =>
          expectEqual("parents that listed it", stdout.trim().split("\n").length, count),
      }),
    ],
  };
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
