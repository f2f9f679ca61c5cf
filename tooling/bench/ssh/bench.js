// What a session over SSH costs, against ssh2 and OpenSSH doing the same without us. Each figure is a median of rounds
// that take turns, so that what slows the machine slows all of them.
import { execFile } from "node:child_process";
import { createReadStream, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { promisify } from "node:util";
import { startLab } from "@otto/lab";
import ssh2 from "ssh2";
import { openSshSession } from "ssh2-streamer";
import { measureScale } from "./scale.js";
import { measureTransports } from "./transports.js";

const execute = promisify(execFile);
const rounds = Number(process.env.OTTO_ROUNDS ?? 5);
const uploadBytes = Number(process.env.OTTO_BYTES ?? 512 << 20);
const slowBitsPerSecond = 10_000_000;

const lab = await startLab({ hosts: { parent: {}, slow: { proxy: { bitsPerSecond: slowBitsPerSecond } } } });
try {
  await measureExec();
  await measureUpload();
  await measureCompression();
  await measureScale(200);
  await measureTransports(lab, lab.hosts.parent, { report, rounds, time, quantile });
} finally {
  await lab[Symbol.asyncDispose]();
}

function open(host, changes = {}) {
  const credentials = [{ username: host.user, privateKeys: [{ path: lab.privateKeyPath }] }];
  const hostKey = { knownHosts: [lab.knownHostsPath] };
  return openSshSession([{ name: host.name, host: host.address, port: host.port, credentials, hostKey, ...changes }]);
}

async function measureExec() {
  const session = open(lab.hosts.parent);
  await session.connect();
  const times = [];
  for (let call = 0; call < 200; call += 1) times.push(await time(() => session.exec(["true"])));
  report("exec of true, ms", { p50: quantile(times, 0.5), p95: quantile(times, 0.95) });
  await session.close();
}

async function measureUpload() {
  const archive = await writeArchive();
  const target = join(lab.directory, "unpacked");
  const session = open(lab.hosts.parent);
  await session.connect();
  const client = await connectBare();
  const ways = {
    sendTree: () => session.sendTree(createReadStream(archive), target),
    "exec cat >/dev/null": () => session.exec(["sh", "-c", "cat >/dev/null"], { stdin: createReadStream(archive) }),
    "ssh2 cat >/dev/null": () => pipeBare(client, "cat >/dev/null", archive),
    "ssh2 tar -x": () => pipeBare(client, `tar -xf - -C ${target}`, archive),
    "ssh2 tar -b 512 -x": () => pipeBare(client, `tar -b 512 -xf - -C ${target}`, archive),
    "tar -b 512 -x without ssh": () => execute("sh", ["-c", `cat ${archive} | tar -b 512 -xf - -C ${target}`]),
    "OpenSSH tar -x": () => runOpenSsh(`tar -xf - -C ${target}`, archive),
  };
  const times = Object.fromEntries(Object.keys(ways).map((name) => [name, []]));
  mkdirSync(target);
  for (let round = 0; round < rounds; round += 1) {
    // Each goes first, second, … in turn: what one leaves to be written to the disk slows the next.
    const order = Object.entries(ways);
    for (const [name, run] of [...order.slice(round % order.length), ...order.slice(0, round % order.length)]) {
      times[name].push(await time(run));
    }
  }
  client.end();
  await session.close();
  const rate = (name) => statSync(archive).size / 1e6 / (quantile(times[name], 0.5) / 1000);
  report("upload, MB/s", Object.fromEntries(Object.keys(ways).map((name) => [name, rate(name)])));
  report("sendTree as a part of", {
    "ssh2 cat >/dev/null": rate("sendTree") / rate("ssh2 cat >/dev/null"),
    "ssh2 tar -x": rate("sendTree") / rate("ssh2 tar -x"),
    "ssh2 tar -b 512 -x": rate("sendTree") / rate("ssh2 tar -b 512 -x"),
    "OpenSSH tar -x": rate("sendTree") / rate("OpenSSH tar -x"),
  });
  rmSync(archive);
}

async function measureCompression() {
  const { stdout } = await execute(
    "sh",
    ["-c", "cat /usr/include/*.h /usr/share/perl/*/*.pm /etc/* 2>/dev/null | head -c 4000000"],
    {
      encoding: "buffer",
      maxBuffer: 8 << 20,
    },
  );
  const seconds = {};
  for (const compress of [false, true]) {
    const session = open(lab.hosts.slow, { compress });
    await session.connect();
    const ms = await time(() => session.exec(["sh", "-c", "cat >/dev/null"], { stdin: stdout }));
    seconds[compress ? "compressed" : "plain"] = ms / 1000;
    await session.close();
  }
  report(`${stdout.length} bytes of text at 10 Mbit/s, seconds`, seconds);
}

async function writeArchive() {
  const tree = join(lab.directory, "tree");
  mkdirSync(tree);
  const noise = Buffer.from(Uint8Array.from({ length: 4 << 20 }, () => Math.random() * 256));
  for (let file = 0; file < uploadBytes / noise.length; file += 1) writeFileSync(join(tree, `file-${file}`), noise);
  const archive = join(lab.directory, "tree.tar");
  await execute("tar", ["-cf", archive, "-C", tree, "."]);
  rmSync(tree, { recursive: true });
  return archive;
}

function connectBare() {
  const client = new ssh2.Client();
  const { address, port, user } = lab.hosts.parent;
  return new Promise((resolve, reject) => {
    client.once("ready", () => resolve(client.setNoDelay(true))).once("error", reject);
    client.connect({ host: address, port, username: user, privateKey: readFileSync(lab.privateKeyPath) });
  });
}

async function pipeBare(client, command, archive) {
  const channel = await new Promise((resolve, reject) => {
    client.exec(command, (error, opened) => (error ? reject(error) : resolve(opened)));
  });
  const closed = new Promise((resolve) => channel.once("close", resolve));
  channel.resume();
  await pipeline(createReadStream(archive), channel.stdin, { end: true }).catch(() => {});
  await closed;
}

async function runOpenSsh(command, archive) {
  const { address, port, user, privateKeyPath } = lab.hosts.parent;
  const options = [
    "-F",
    "none",
    "-o",
    `UserKnownHostsFile=${lab.knownHostsPath}`,
    "-i",
    privateKeyPath,
    "-p",
    String(port),
  ];
  const line = ["ssh", ...options, `${user}@${address}`, `'${command}'`, "<", archive].join(" ");
  await execute("sh", ["-c", line]);
}

async function time(run) {
  const startedAt = performance.now();
  await run();
  return performance.now() - startedAt;
}

function quantile(values, part) {
  return values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) * part)];
}

function report(title, figures) {
  const parts = Object.entries(figures).map(([name, value]) => `${name} ${value.toFixed(value < 10 ? 2 : 0)}`);
  process.stdout.write(`${title}: ${parts.join(", ")}\n`);
}
