import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, rmdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import {
  createBusyboxImage,
  createRandom,
  type Lab,
  type LabHost,
  labJson,
  type Machine,
  readRandomRun,
  startMachines,
} from "@otto/lab";
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from "vitest";
import { findTraces, type MachineTraces, recordTraces } from "./machine-traces.js";

const execute = promisify(execFile);
const tag = "lab-machines:1";

let image: AsyncDisposable;
beforeAll(async () => {
  image = await createBusyboxImage(tag);
});
afterAll(() => image[Symbol.asyncDispose]());

function sshArguments(lab: Lab, host: LabHost, command: string): string[] {
  const options = ["-F", "none", "-o", `UserKnownHostsFile=${lab.knownHostsPath}`, "-o", "BatchMode=yes"];
  return [...options, "-i", host.privateKeyPath, `${host.user}@${host.address}`, command];
}

async function ssh(lab: Lab, host: LabHost, command: string): Promise<string> {
  return (await execute("ssh", sshArguments(lab, host, command))).stdout;
}

async function expectSilence(lab: Lab, host: LabHost): Promise<void> {
  const login = execute("ssh", ["-o", "ConnectTimeout=1", ...sshArguments(lab, host, "true")]);
  await expect(login).rejects.toThrow("timed out");
}

/** Starts a web server on port 8080 of a machine, which says the machine's name. @returns the container's id */
async function startWeb(machine: Machine): Promise<string> {
  const serve = `mkdir /www; echo ${machine.name} >/www/name; exec httpd -f -h /www`;
  const options = ["--detach", "--publish", "8080:80", "--restart", "always"];
  const id = (await machine.runDocker(["run", ...options, tag, "sh", "-c", serve])).trim();
  await expect.poll(() => get(machine).catch(String)).toBe(`${machine.name}\n`);
  return id;
}

const processes = async (traces: MachineTraces) =>
  (await findTraces(traces)).filter((line) => line.startsWith("process"));

/** A command on a host that writes a line for each that it reads. */
function startSession(lab: Lab, host: LabHost, command: string) {
  const child = spawn("ssh", sshArguments(lab, host, command), { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    ask: async (line: string) => {
      child.stdin.write(`${line}\n`);
      return (await lines.next()).value;
    },
    [Symbol.dispose]: () => child.kill(),
  };
}

const getFrom = (machine: Machine) => ["busybox", "wget", "-O-", `http://${machine.address}:8080/name`] as const;

async function get(machine: Machine): Promise<string> {
  const [program, ...args] = getFrom(machine);
  return (await execute(program, args)).stdout;
}

test("machines have names, disks and engines of their own, and publish ports to each other and to us", async () => {
  await using lab = await startMachines({ hosts: { a: {}, b: {} } });
  const { a, b } = lab.hosts;
  await ssh(lab, a, "echo a >/etc/mine; echo a >/tmp/mine; echo a >mine");
  expect(await ssh(lab, a, "hostname; pwd; cat /etc/mine /tmp/mine mine")).toBe("a\n/root\na\na\na\n");
  expect(await ssh(lab, b, "hostname; ls -A /tmp /root; ls /etc/mine 2>/dev/null || true")).toBe(
    "b\n/root:\n\n/tmp:\n",
  );
  expect(existsSync("/etc/mine")).toBe(false);
  expect([await a.handshakes(), await b.handshakes()]).toEqual([2, 1]);

  await lab.loadImage(tag);
  const imageIds = [a, b].map((machine) => machine.runDocker(["image", "ls", "--quiet", "--no-trunc", tag]));
  const { stdout: ownId } = await execute("docker", ["image", "ls", "--quiet", "--no-trunc", tag]);
  expect(await Promise.all(imageIds)).toEqual([ownId, ownId]);
  const id = await startWeb(b);
  expect(await ssh(lab, b, "docker ps --quiet --no-trunc")).toBe(`${id}\n`);
  expect(await ssh(lab, a, "docker ps --quiet")).toBe("");
  expect(await ssh(lab, a, getFrom(b).join(" "))).toBe("b\n");
  expect(await get(b)).toBe("b\n");
});

test("a machine that was switched off comes back with its address, its disk and the containers that restart", async () => {
  await using lab = await startMachines({ hosts: { a: {}, b: {} } });
  const { a, b } = lab.hosts;
  await lab.loadImage(tag);
  await startWeb(b);
  expect(await ssh(lab, a, getFrom(b).join(" "))).toBe("b\n");
  await ssh(lab, b, "echo kept >/etc/mine");
  const traces = await recordTraces(`${lab.directory}/disks/b`);
  expect(await processes(traces)).toContainEqual(expect.stringContaining("httpd"));
  await b.stop();
  expect(await processes(traces)).toEqual([]);
  await expectSilence(lab, b);

  await b.start();
  expect(await ssh(lab, b, "cat /etc/mine")).toBe("kept\n");
  await expect.poll(() => ssh(lab, a, getFrom(b).join(" ")).catch(String)).toBe("b\n");
  expect(await b.readEngineLog()).toMatch(/API listen on.*API listen on/s);
  await b.start({ newHostKeys: true });
  await expect(ssh(lab, b, "true")).rejects.toThrow("REMOTE HOST IDENTIFICATION HAS CHANGED");
});

test("a machine that was cut off runs on, and its connections too once it has joined again", async () => {
  await using lab = await startMachines({ hosts: { a: {}, b: { engine: false } } });
  const { a, b } = lab.hosts;
  await lab.loadImage(tag);
  await startWeb(a);
  // Each line is written when one has come.
  using session = startSession(lab, a, "while read -r line; do echo $line; done");
  expect(await session.ask("one")).toBe("one");
  await a.cut();
  const answer = session.ask("two");
  await expect(ssh(lab, b, `timeout 2 ${getFrom(a).join(" ")}`)).rejects.toMatchObject({ code: 124 });
  expect(await a.runDocker(["ps", "--quiet"])).not.toBe("");
  await a.join();
  expect(await answer).toBe("two");
  expect(await ssh(lab, b, getFrom(a).join(" "))).toBe("a\n");
});

test("a machine that was cut off while it was off comes back cut off", async () => {
  await using lab = await startMachines({ hosts: { a: { engine: false } } });
  const { a } = lab.hosts;
  await a.cut();
  await a.start();
  await expectSilence(lab, a);
  await a.join();
  expect(await ssh(lab, a, "hostname")).toBe("a\n");
});

test("a lab.json names the machines by their addresses, those with an engine as parents", async () => {
  await using lab = await startMachines({ hosts: { a: {}, b: { engine: false, hop: "a" }, c: { engine: false } } });
  const { a, b, c } = lab.hosts;
  expect(
    labJson(lab).hosts.map(({ ip, element, user, docker_capable, hop, ssh_options: { port } }) => [
      ip,
      element,
      user,
      docker_capable,
      hop,
      port,
    ]),
  ).toEqual([
    [a.address, "a", "root", false, undefined, 22],
    [b.address, "b", "root", false, "a", 22],
    [c.address, "c", "root", false, undefined, 22],
  ]);
  await expect(b.runDocker(["ps"])).rejects.toThrow("Is the docker daemon running?");
  expect(await ssh(lab, b, "ps -e")).not.toMatch(/dockerd|containerd/);
});

const everything = new Set(["interface", "cgroup", "directory", "process"]);
const kindsOf = (lines: readonly string[]) => new Set(lines.map((line) => line.split(" ")[0]));

test("machines leave nothing behind, and others beside them stay as they are", async () => {
  const start = () => startMachines({ hosts: { a: {} } });
  const [lab, beside] = await Promise.all([start(), start()]);
  await using others = beside;
  expect(lab.ownAddress).not.toBe(others.ownAddress);
  let traces: MachineTraces;
  {
    await using _ = lab;
    await lab.loadImage(tag);
    await startWeb(lab.hosts.a);
    traces = await recordTraces(lab.directory);
    expect(kindsOf(await findTraces(traces))).toEqual(everything);
  }
  expect(await findTraces(traces)).toEqual([]);
  expect(await ssh(others, others.hosts.a, "hostname; docker ps --quiet")).toBe("a\n");
});

/** A process that starts machines and runs a container on one. */
function startUser(environment: NodeJS.ProcessEnv = {}) {
  const program = `import { startMachines } from "@otto/lab";
    const lab = await startMachines({ hosts: { a: {}, b: {} } });
    await lab.loadImage("${tag}");
    await lab.hosts.a.runDocker(["run", "--detach", "${tag}"]);
    console.log(lab.directory);
    setInterval(() => {}, 1000);`;
  return spawn(process.execPath, ["--input-type=module", "-e", program], {
    cwd: import.meta.dirname,
    env: { ...process.env, ...environment },
    stdio: ["ignore", "pipe", "inherit"],
  });
}

test("machines leave nothing behind when the process that started them is killed", async () => {
  const child = startUser();
  const [line] = (await once(child.stdout, "data")) as [Buffer];
  const traces = await recordTraces(line.toString().trim());
  expect(kindsOf(await findTraces(traces))).toEqual(everything);
  child.kill("SIGKILL");
  await once(child, "exit");
  await expect.poll(() => findTraces(traces)).toEqual([]);
});

/** More for a longer search: OTTO_KILLS=100. */
const { count: kills, seed, label } = readRandomRun("OTTO_KILLS", 4);

test(`machines leave nothing behind when the process is killed while it starts them: ${label}`, async () => {
  const random = createRandom(seed);
  for (let kill = 0; kill < kills; kill += 1) {
    const directory = await mkdtemp(join(tmpdir(), "machines-test-"));
    const child = startUser({ TMPDIR: directory });
    await delay(200 + random(2000));
    const traces = await recordTraces(directory);
    child.kill("SIGKILL");
    await once(child, "exit");
    await expect.poll(() => readdir(directory)).toEqual([]);
    await rmdir(directory);
    await expect.poll(() => findTraces(traces)).toEqual([]);
  }
});

test("machines that cannot start are an error with the reason, and leave nothing behind", async () => {
  const directory = await mkdtemp(join(tmpdir(), "machines-test-"));
  vi.stubEnv("TMPDIR", directory);
  onTestFinished(() => void vi.unstubAllEnvs());
  const hosts = { a: {}, b: { dockerd: ["--no-such-option"] } };
  await expect(startMachines({ hosts })).rejects.toThrow("unknown flag: --no-such-option");
  await rmdir(directory);
  expect(await findTraces({ directory, namespaces: new Set() })).toEqual([]);
});

test("a network that this machine has a route to is not taken for machines", async () => {
  const program = `import { startMachines } from "@otto/lab"; await startMachines({ hosts: {} });`;
  const script = 'ip link set lo up; ip route add 172.16.0.0/16 dev lo; exec "$@"';
  const command = ["sh", "-c", script, "sh", process.execPath, "--input-type=module", "-e", program];
  await expect(execute("unshare", ["--net", ...command], { cwd: import.meta.dirname })).rejects.toThrow(
    "networks 172.16.N.0/24 are in use",
  );
});
