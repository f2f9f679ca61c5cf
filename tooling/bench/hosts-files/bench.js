// 256 MB each way into a container and to a parent, over one SSH session, against scp of the same file to the parent.
// Medians of rounds that take turns.
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { createSshParent, DockerContainerHost } from "@otto/hosts";
import { createBusyboxImage, startLab } from "@otto/lab";

const execute = promisify(execFile);
const rounds = Number(process.env.OTTO_ROUNDS ?? 5);
const sizeBytes = Number(process.env.OTTO_BYTES ?? 256 << 20);
const name = `otto-bench-${randomBytes(4).toString("hex")}`;

const lab = await startLab({ hosts: { parent: {} } });
const image = await createBusyboxImage(`${name}:latest`);
const labels = ["--label", `com.docker.compose.project=${name}`, "--label", "com.docker.compose.service=api"];
await execute("docker", ["run", "-d", "--init", "--name", name, ...labels, image.tag]);
const parent = openParent(lab.hosts.parent);
try {
  await measure();
} finally {
  await parent[Symbol.asyncDispose]();
  await execute("docker", ["rm", "-f", name]);
  await image[Symbol.asyncDispose]();
  await lab[Symbol.asyncDispose]();
}

function openParent({ address, port, user, privateKeyPath, fingerprint }) {
  const credentials = [{ username: user, privateKeys: [{ path: privateKeyPath }] }];
  const route = [{ name: "parent", host: address, port, credentials, hostKey: { pin: fingerprint } }];
  return createSshParent({ id: "parent", route, docker: { command: ["docker"], stagingRoot: undefined } });
}

async function measure() {
  const { engine } = parent;
  const api = new DockerContainerHost({ id: "parent.bench.api", service: "api", project: name, replica: 1, engine });
  const there = join(lab.directory, "there");
  const file = join(lab.directory, "file");
  const back = join(lab.directory, "back");
  mkdirSync(there);
  const block = randomBytes(4 << 20);
  writeFileSync(file, "");
  for (let written = 0; written < sizeBytes; written += block.length) writeFileSync(file, block, { flag: "a" });
  const ways = {
    "scp to the parent": () => scp(file, remote(`${there}/scp`)),
    "put to the parent": () => parent.put(file, `${there}/put`),
    "put into a container": () => api.put(file, "/srv/put"),
    "scp from the parent": () => scp(remote(`${there}/scp`), back),
    "get from the parent": () => parent.get(`${there}/put`, back),
    "get from a container": () => api.get("/srv/put", back),
  };
  const times = Object.fromEntries(Object.keys(ways).map((way) => [way, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const [way, run] of Object.entries(ways)) times[way].push(await time(run));
  }
  for (const path of [there, file, back]) rmSync(path, { recursive: true });
  const rate = (way) => sizeBytes / 1e6 / (median(times[way]) / 1000);
  report("MB/s", Object.fromEntries(Object.keys(ways).map((way) => [way, rate(way)])));
  report("as a part of scp", {
    "put to the parent": rate("put to the parent") / rate("scp to the parent"),
    "put into a container": rate("put into a container") / rate("scp to the parent"),
    "get from the parent": rate("get from the parent") / rate("scp from the parent"),
    "get from a container": rate("get from a container") / rate("scp from the parent"),
  });
}

function remote(path) {
  const { user, address } = lab.hosts.parent;
  return `${user}@${address}:${path}`;
}

async function scp(from, to) {
  const { port, privateKeyPath } = lab.hosts.parent;
  const options = ["-F", "none", "-o", `UserKnownHostsFile=${lab.knownHostsPath}`, "-i", privateKeyPath];
  await execute("scp", ["-q", ...options, "-P", String(port), from, to]);
}

async function time(run) {
  const startedAt = performance.now();
  await run();
  return performance.now() - startedAt;
}

function median(values) {
  return values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) / 2)];
}

function report(title, figures) {
  const parts = Object.entries(figures).map(([way, value]) => `${way} ${value.toFixed(value < 10 ? 2 : 0)}`);
  process.stdout.write(`${title}: ${parts.join(", ")}\n`);
}
