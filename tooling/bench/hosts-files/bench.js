// 256 MB each way into a container and to a parent, over one SSH session, against scp of the same file to the parent; and
// 8,000 small files into and out of a container of this machine, against docker cp. Medians of rounds that take turns.
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { createLocalParent, createSshParent, DockerContainerHost } from "@otto/hosts";
import { createBusyboxImage, startLab } from "@otto/lab";

const execute = promisify(execFile);
const rounds = Number(process.env.OTTO_ROUNDS ?? 5);
const smallFiles = Number(process.env.OTTO_FILES ?? 8000);
const sizeBytes = Number(process.env.OTTO_BYTES ?? 256 << 20);
const name = `otto-bench-${randomBytes(4).toString("hex")}`;

const lab = await startLab({ hosts: { parent: {} } });
const image = await createBusyboxImage(`${name}:latest`);
const labels = ["--label", `com.docker.compose.project=${name}`, "--label", "com.docker.compose.service=api"];
await execute("docker", ["run", "-d", "--init", "--name", name, ...labels, image.tag]);
const parent = openParent(lab.hosts.parent);
try {
  if (sizeBytes > 0) await measure();
  if (smallFiles > 0) await measureSmall();
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
  const times = await takeTurns(ways);
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

async function measureSmall() {
  const docker = { command: ["docker"], stagingRoot: undefined };
  const local = createLocalParent({ id: "local", docker, socketPath: undefined, env: process.env });
  const place = { id: "local.bench.api", service: "api", project: name, replica: 1 };
  const api = new DockerContainerHost({ ...place, engine: local.engine });
  const tree = join(lab.directory, "small");
  for (let index = 0; index < smallFiles; index += 1) {
    const directory = join(tree, String(index % 80));
    if (index < 80) mkdirSync(directory, { recursive: true });
    writeFileSync(join(directory, String(index)), randomBytes(500 + (index % 3000)));
  }
  let copies = 0;
  const fresh = (way) => `${way}-${copies++}`;
  const times = await takeTurns({
    "docker cp in": () => execute("docker", ["cp", tree, `${name}:/${fresh("cp")}`]),
    put: () => api.put(tree, `/${fresh("put")}`),
    "docker cp out": () => execute("docker", ["cp", `${name}:/put-1`, join(lab.directory, fresh("cp"))]),
    get: () => api.get("/put-1", join(lab.directory, fresh("get"))),
  });
  await local[Symbol.asyncDispose]();
  const of = (way) => median(times[way]);
  report("ms", Object.fromEntries(Object.keys(times).map((way) => [way, of(way)])));
  report("as times docker cp", { put: of("put") / of("docker cp in"), get: of("get") / of("docker cp out") });
}

async function takeTurns(ways) {
  const times = Object.fromEntries(Object.keys(ways).map((way) => [way, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const [way, run] of Object.entries(ways)) times[way].push(await time(run));
  }
  return times;
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
