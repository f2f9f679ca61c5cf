import { createReadStream, existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import ssh2 from "ssh2";
import { commandContender, commandOverSsh } from "../command-contender.js";
import { isFar, type LinkName, type Route } from "../link.js";
import type { Area, Bench, Contender, Row } from "../row.js";
import { expectEqual, run, shellArgv } from "../shell.js";
import { countFiles, writeLargeFiles } from "../tree.js";

const transports = ["ssh2", "openssh"] as const;
const bytesEachWay = 256 << 20;
/** Factor for the bytes on every link but `direct`. */
const farScale = 0.25;

export const ssh: Area = {
  name: "ssh",
  title: "Sessions",
  about:
    "Both transports of ssh2-streamer (ssh2 in process, and the system's `ssh`) against OpenSSH: connecting and running a first command, a hundred " +
    "commands one after the other, and 256 MB each way. `sendTree` of 512 MB is compared with bare ssh2 and OpenSSH that feed the same `tar`. " +
    "Twenty commands on links with a delay, and a quarter of the bytes on links with a delay or a bastion.",
  usesLinks: true,
  open: async (bench) => {
    const rows = [...bench.links.keys()].flatMap((link) => linkRows(bench, link));
    return { rows: [...rows, ...treeRows(bench)] };
  },
};

function linkRows(bench: Bench, link: LinkName): readonly Row[] {
  const { plain, shared } = bench.ssh;
  const calls = isFar(link) ? 20 : 100;
  const bytes = Math.ceil(bytesEachWay * bench.scale * (link === "direct" ? 1 : farScale));
  const none = () => undefined;
  const expectBytes = (found: string) => expectEqual("bytes that arrived", Number(found), bytes);
  const overSsh = (line: (host: string) => string, check: (stdout: string) => void) =>
    commandContender({
      name: `ssh${shared.label}`,
      argv: ({ route }) => shellArgv(line(route.name)),
      env: () => shared.env,
      check: ({ stdout }) => check(stdout),
    });
  const repeated = overSsh((host) => `for call in $(seq ${calls}); do ssh ${host} true </dev/null || exit; done`, none);
  const up = overSsh((host) => `head -c ${bytes} /dev/zero | ssh ${host} wc -c`, expectBytes);
  const down = overSsh((host) => `ssh ${host} head -c ${bytes} /dev/zero | wc -c`, expectBytes);
  const first = commandOverSsh("ssh", plain, { words: () => ["true"], check: none });
  const bulkRow = (
    title: string,
    transport: (typeof transports)[number],
    call: "sendZeros" | "receiveZeros",
    theirs: Contender,
  ): Row => ({
    what: `${title}, ${transport}`,
    link,
    cost: "heavy",
    bulk: true,
    ours: (subject) => ({
      name: subject.name,
      run: ({ route }) => subject.call(call, route, transport, bytes),
      check: expectBytes,
    }),
    theirs: [theirs],
  });
  return transports.flatMap((transport): Row[] => [
    {
      what: `connect and exec, ${transport}`,
      link,
      ours: (subject) => ({
        name: subject.name,
        run: ({ route }) => subject.call("connectAndExec", route, transport),
        check: (exitCode) => expectEqual("the exit code", exitCode, 0),
      }),
      theirs: [first],
    },
    {
      what: `100 execs, one after the other, ${transport}`,
      link,
      cost: "heavy",
      ours: (subject) => ({
        name: subject.name,
        run: ({ route }) => subject.call("execOnParent", route, transport, calls),
        check: (failed) => expectEqual("failed commands", failed, 0),
      }),
      theirs: [repeated],
    },
    bulkRow("256 MB up", transport, "sendZeros", up),
    bulkRow("256 MB down", transport, "receiveZeros", down),
  ]);
}

const fileBytes = 4 << 20;
const treeFiles = 128;

/** Where the archive is unpacked, or thrown away, and by whose client it goes there. */
function treeRows(bench: Bench): readonly Row[] {
  if (!bench.links.has("direct")) return [];
  const archive = join(bench.directory, "tree.tar");
  const files = Math.max(2, Math.ceil(treeFiles * bench.scale));
  const target = (name: string) => join(bench.directory, `unpacked-${name}`);
  const unpacking = (name: string, contender: Pick<Contender, "name" | "run">): Contender => ({
    ...contender,
    prepare: () => {
      layArchive(archive, files);
      rmSync(target(name), { recursive: true, force: true });
      mkdirSync(target(name));
    },
    check: () => expectEqual("files that were unpacked", countFiles(target(name)), files),
  });
  const bare = (command: string): Contender => ({
    name: `bare ssh2, ${command.replace(/ -C .*/, "")}`,
    prepare: () => layArchive(archive, files),
    run: ({ route }) => pipeBare(route, command, archive),
    check: () => undefined,
  });
  const openSsh = commandContender({
    name: `ssh tar -x${bench.ssh.shared.label}`,
    argv: ({ route }) => shellArgv(`ssh ${route.name} tar -xf - -C ${target("openssh")} <${archive}`),
    env: () => bench.ssh.shared.env,
    check: () => undefined,
  });
  const local = commandContender({
    name: "tar -b 512 -x without ssh",
    argv: () => shellArgv(`cat ${archive} | tar -b 512 -xf - -C ${target("local")}`),
    env: () => bench.otto.env,
    check: () => undefined,
  });
  const unpacked = (name: string, command: string) => unpacking(name, bare(`${command} -C ${target(name)}`));
  return [
    {
      what: "sendTree, 512 MB",
      link: "direct",
      cost: "heavy",
      bulk: true,
      ours: (subject) =>
        unpacking(subject.name, {
          name: subject.name,
          run: ({ route }) => subject.call("sendTree", route, archive, target(subject.name)),
        }),
      theirs: [
        bare("cat >/dev/null"),
        unpacked("blocks", "tar -b 512 -xf -"),
        unpacked("tar", "tar -xf -"),
        unpacking("openssh", openSsh),
        unpacking("local", local),
      ],
      done: () => rmSync(archive, { force: true }),
    },
  ];
}

function layArchive(archive: string, files: number): void {
  if (existsSync(archive)) return;
  const tree = `${archive}.tree`;
  writeLargeFiles(tree, files, fileBytes);
  run("tar", "-cf", archive, "-C", tree, ".");
  rmSync(tree, { recursive: true });
}

/** One command over a connection of bare ssh2, which is there before the time starts. */
async function pipeBare({ machines, login }: Route, command: string, archive: string) {
  const client = new ssh2.Client();
  const [machine] = machines;
  if (machine === undefined) throw new Error("bench: a route without a machine");
  await new Promise<void>((resolve, reject) => {
    client.once("ready", () => resolve()).once("error", reject);
    const privateKey = readFileSync(login.privateKeyPath);
    client.connect({ host: login.address, port: machine.port, username: login.user, privateKey });
  });
  client.setNoDelay(true);
  const startedAt = performance.now();
  const channel = await new Promise<ssh2.ClientChannel>((resolve, reject) => {
    client.exec(command, (error, opened) => (error ? reject(error) : resolve(opened)));
  });
  const closed = new Promise<number>((resolve) => channel.once("close", resolve));
  channel.resume();
  await pipeline(createReadStream(archive), channel.stdin);
  const exitCode = await closed;
  const ms = performance.now() - startedAt;
  client.end();
  if (exitCode !== 0) throw new Error(`${command}: exit code ${exitCode}`);
  return { ms, output: undefined };
}
