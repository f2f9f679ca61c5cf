// What commands in a container cost through our SSH session, against the engine's local socket and the docker client over
// SSH. The ways take turns in each round, so that what slows the machine slows all of them.
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { createLocalParent, createSshParent, DockerContainerHost } from "@otto/hosts";
import { createBusyboxImage, startLab } from "@otto/lab";

const execute = promisify(execFile);
const rounds = Number(process.env.OTTO_ROUNDS ?? 40);
const name = `otto-bench-${randomBytes(4).toString("hex")}`;
const docker = { command: ["docker"], stagingRoot: undefined };

const lab = await startLab({ hosts: { parent: {} } });
const image = await createBusyboxImage(`${name}:latest`);
const labels = ["--label", `com.docker.compose.project=${name}`, "--label", "com.docker.compose.service=api"];
await execute("docker", ["run", "--detach", "--init", "--name", name, ...labels, image.tag]);
const parents = {
  local: createLocalParent({ id: "local", docker, socketPath: undefined, env: process.env }),
  ssh: createSshParent({ id: "parent", route: [routeTo(lab.hosts.parent)], docker, socketPath: undefined }),
};
const hosts = Object.fromEntries(Object.entries(parents).map(([id, { engine }]) => [id, hostOn(id, engine)]));
try {
  await measureExec();
  await measureRun();
  await measureMany();
} finally {
  for (const closing of [...Object.values(hosts), ...Object.values(parents)]) await closing[Symbol.asyncDispose]();
  await execute("docker", ["rm", "--force", name]);
  await image[Symbol.asyncDispose]();
  await lab[Symbol.asyncDispose]();
}

function hostOn(id, engine) {
  return new DockerContainerHost({ id: `${id}.bench.api`, service: "api", project: name, replica: 1, engine });
}

function routeTo({ address, port, user, privateKeyPath, fingerprint }) {
  const credentials = [{ username: user, privateKeys: [{ path: privateKeyPath }] }];
  return { name: "parent", host: address, port, credentials, hostKey: { pin: fingerprint } };
}

async function measureExec() {
  const env = openSshEnvironment();
  const times = await takeTurns(rounds, {
    ssh: () => hosts.ssh.exec(["true"]),
    local: () => hosts.local.exec(["true"]),
    "docker over ssh": () => execute("docker", ["exec", name, "true"], { env }),
  });
  const p50 = medians(times);
  report("exec of true, p50, ms", p50);
  report("ours over ssh as a part of", {
    "the local socket (at most 1.25)": p50.ssh / p50.local,
    "docker over ssh (at most 0.2)": p50.ssh / p50["docker over ssh"],
  });
}

async function measureRun() {
  const times = await takeTurns(5 * rounds, { ssh: () => hosts.ssh.run("true"), local: () => hosts.local.run("true") });
  report("run of true, p50, ms (over ssh at most 5)", medians(times));
}

async function measureMany() {
  const many = (host) => Promise.all(Array.from({ length: 100 }, () => host.exec(["true"])));
  const times = await takeTurns(3, { ssh: () => many(hosts.ssh), local: () => many(hosts.local) });
  const p50 = medians(times);
  report("100 execs at once, median, ms", p50);
  report("ours over ssh as a part of", { "the local socket (at most 1.3)": p50.ssh / p50.local });
}

/** One call each to warm up, then `count` rounds in which each way has each place in turn. */
async function takeTurns(count, ways) {
  const entries = Object.entries(ways);
  const times = Object.fromEntries(entries.map(([way]) => [way, []]));
  for (const [, call] of entries) await call();
  for (let round = 0; round < count; round += 1) {
    const first = round % entries.length;
    for (const [way, call] of [...entries.slice(first), ...entries.slice(0, first)]) {
      const startedAt = performance.now();
      await call();
      times[way].push(performance.now() - startedAt);
    }
  }
  return times;
}

/** The docker client starts `ssh` itself: a wrapper first in PATH gives it the lab's keys. */
function openSshEnvironment() {
  const { address, port, user, privateKeyPath } = lab.hosts.parent;
  const bin = join(lab.directory, "bench-bin");
  mkdirSync(bin);
  const options = `-F none -o UserKnownHostsFile=${lab.knownHostsPath} -i ${privateKeyPath}`;
  writeFileSync(join(bin, "ssh"), `#!/bin/sh\nexec /usr/bin/ssh ${options} "$@"\n`, { mode: 0o755 });
  return { ...process.env, PATH: `${bin}:${process.env.PATH}`, DOCKER_HOST: `ssh://${user}@${address}:${port}` };
}

function medians(times) {
  return Object.fromEntries(
    Object.entries(times).map(([way, values]) => [
      way,
      values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)],
    ]),
  );
}

function report(title, figures) {
  const parts = Object.entries(figures).map(([way, value]) => `${way} ${value.toFixed(value < 10 ? 2 : 0)}`);
  process.stdout.write(`${title}: ${parts.join(", ")}\n`);
}
