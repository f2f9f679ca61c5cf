import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadLab } from "@otto/config";
import { diagnose, type Finding } from "@otto/doctor";
import { Lab as OttoLab } from "@otto/host-registry";
import { createKeyPair, type HostOptions, type Lab, setLoginShell, startLab } from "@otto/lab";
import { afterEach, beforeEach, expect, test } from "vitest";
import { linkPrograms, startEngine, startGreeter, startHangUp, withPath, writePrograms } from "./faults.js";
import { examineParent, type LabChanges } from "./lab-under-test.js";

let directory: string;
const cleanUps: AsyncDisposable[] = [];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "otto-doctor-"));
});

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp[Symbol.asyncDispose]();
  await rm(directory, { recursive: true });
});

const keep = <T extends AsyncDisposable>(made: T): T => {
  cleanUps.push(made);
  return made;
};

/** Starts a parent behind a bastion. */
async function start(options: { bastion?: HostOptions; parent?: HostOptions } = {}) {
  const { bastion = {}, parent = {} } = options;
  return keep(await startLab({ hosts: { bastion, parent: { hop: "bastion", ...parent } } }));
}

/** What the doctor says of the lab's parent. */
const examine = (machines: Lab, changes: LabChanges = {}): Promise<Finding[]> =>
  examineParent(directory, machines, changes);

const stackPrograms = ["sh", "cat", "dd", "env", "flock", "id", "mkdir", "rm", "sed", "sleep", "stat", "tar"];

const faultsOf = (findings: readonly Finding[]) =>
  findings.flatMap((found) => ("code" in found ? [`${found.status} ${found.machine} ${found.code}`] : []));

test("a parent behind a bastion that is well passes every check, in order", async () => {
  const findings = await examine(await start());
  expect(findings.map(({ machine, check, status }) => `${machine} ${check} ${status}`)).toEqual([
    ...["name", "tcp", "banner", "ssh", "handshake", "host-key", "login"].map((check) => `bastion ${check} ok`),
    ...["parent name ok", "parent tcp ok", "bastion forwarding ok"],
    ...["banner", "ssh", "handshake", "host-key", "login"].map((check) => `parent ${check} ok`),
    ...[
      "sessions",
      "programs",
      "docker",
      "socket",
      "engine",
      "buildkit",
      "client",
      "compose",
      "disk",
      "clock",
      "forwarding",
    ].map((check) => `parent ${check} ok`),
  ]);
});

/** The machine's docker client, but for `docker compose`. */
const dockerBut = (compose: string) =>
  `case " $* " in *" compose "*) ${compose} ;; *) exec /usr/bin/docker "$@" ;; esac`;

test("a name that the hop does not know", async () => {
  const findings = await examine(await start(), { parent: { ip: "no-such-host.invalid" } });
  expect(faultsOf(findings)).toEqual(["failed parent DOCTOR_NAME_UNRESOLVED"]);
});

test("a bastion on whose port nobody listens", async () => {
  const machines = await start();
  await machines.hosts.bastion.stop();
  expect(faultsOf(await examine(machines))).toEqual(["failed bastion DOCTOR_PORT_CLOSED"]);
});

test("a port that is not SSH's, behind the bastion", async () => {
  const { port } = keep(await startGreeter());
  const findings = await examine(await start(), { parent: { ssh_options: { port } } });
  expect(faultsOf(findings)).toEqual(["failed parent DOCTOR_NOT_SSH"]);
});

test("a bastion that takes connections and says nothing", async () => {
  const machines = await start({ bastion: { proxy: {} } });
  machines.hosts.bastion.proxy?.swallow(true);
  expect(faultsOf(await examine(machines))).toEqual(["failed bastion DOCTOR_NO_BANNER"]);
});

test("a host key that has changed", async () => {
  const machines = await start();
  await machines.hosts.parent.start({ newHostKeys: true });
  expect(faultsOf(await examine(machines))).toEqual(["failed parent SSH_HOST_KEY_CHANGED"]);
});

test("a parent whose key exchanges ssh2 lacks is reached by OpenSSH's ssh, and by ssh2 alone its host key is not", async () => {
  const machines = await start({ parent: { sshdConfig: ["KexAlgorithms sntrup761x25519-sha512@openssh.com"] } });
  const findings = await examine(machines);
  expect(faultsOf(findings)).toEqual([]);
  expect(findings.filter(({ check }) => check === "ssh")).toEqual([
    { machine: "bastion", check: "ssh", status: "ok", text: "by ssh2: it does what is asked for" },
    {
      machine: "parent",
      check: "ssh",
      status: "ok",
      text: expect.stringMatching(/^by OpenSSH's ssh: the server's algorithms \(.*key exchange/) as string,
    },
  ]);
  const alone = await examine(machines, { parent: { ssh_options: { transport: "ssh2" } } });
  expect(faultsOf(alone)).toEqual(["failed parent SSH_CONNECT_FAILED"]);
  expect(
    alone.filter(({ machine, check }) => machine === "parent" && /^(ssh|handshake|host-key)$/.test(check)),
  ).toMatchObject([
    { check: "ssh", status: "ok", text: "by ssh2: it is asked for" },
    {
      check: "handshake",
      status: "failed",
      text: expect.stringContaining("no matching key exchange") as string,
      hint: expect.stringContaining("KexAlgorithms") as string,
    },
    { check: "host-key", status: "not-reached" },
  ]);
});

test("a key that the bastion does not take", async () => {
  const { privateKeyPath } = await createKeyPair("ed25519", join(directory, "other"));
  const findings = await examine(await start(), { bastion: { ssh_options: { client_keys: [privateKeyPath] } } });
  expect(faultsOf(findings)).toEqual(["failed bastion SSH_AUTH_FAILED"]);
});

test("a bastion that forwards nothing and has no program for it", async () => {
  const path = await linkPrograms(join(directory, "bin"), ["sh"]);
  const findings = await examine(await start({ bastion: { allowTcpForwarding: false, ...withPath(path) } }));
  expect(faultsOf(findings)).toEqual(["failed bastion DOCTOR_HOP_CANNOT_FORWARD"]);
});

test("a bastion that forwards nothing and has nc", async () => {
  const findings = await examine(await start({ bastion: { allowTcpForwarding: false } }));
  expect(faultsOf(findings)).toEqual(["warning bastion DOCTOR_HOP_FORWARDING_OFF"]);
});

test("a parent that opens no sessions", async () => {
  const findings = await examine(await start({ parent: { maxSessions: 0 } }));
  expect(faultsOf(findings)).toEqual(["failed parent DOCTOR_NO_SESSIONS"]);
});

test("a parent that opens few sessions and forwards no sockets", async () => {
  const findings = await examine(await start({ parent: { maxSessions: 2, allowStreamLocalForwarding: false } }));
  expect(faultsOf(findings)).toEqual([
    "warning parent DOCTOR_FEW_SESSIONS",
    "warning parent DOCTOR_SOCKET_FORWARDING_OFF",
  ]);
});

const ownLogin: HostOptions = { authentication: ["password"] };

test("a login that runs nothing, with its own words", async () => {
  const machines = await start({ parent: ownLogin });
  await setLoginShell(machines.hosts.parent.user, "/usr/sbin/nologin");
  const findings = await examine(machines);
  expect(faultsOf(findings)).toEqual(["failed parent DOCTOR_NO_SESSIONS"]);
  expect(findings.find(({ status }) => status === "failed")?.text).toContain(
    "This account is currently not available.",
  );
});

test("a bastion whose login runs nothing leaves a name to its sshd", async () => {
  const machines = await start({ bastion: ownLogin });
  await setLoginShell(machines.hosts.bastion.user, "/usr/sbin/nologin");
  const findings = await examine(machines, { parent: { ip: "localhost" } });
  expect(findings.find(({ machine, check }) => machine === "parent" && check === "name")).toMatchObject({
    status: "ok",
    text: "localhost: resolved by bastion",
  });
  expect(faultsOf(findings).filter((fault) => fault.includes("bastion"))).toEqual([]);
});

test.each([
  ["/bin/bash", ".bashrc"],
  ["/usr/bin/tcsh", ".cshrc"],
])("a login with %s whose %s prints is well", async (shell, profile) => {
  const machines = await start({ parent: ownLogin });
  const { parent } = machines.hosts;
  await setLoginShell(parent.user, shell);
  await writeFile(join(parent.homePath, profile), "echo welcome\n");
  expect(faultsOf(await examine(machines))).toEqual([]);
});

test("a parent whose PATH holds no docker", async () => {
  const path = await linkPrograms(join(directory, "bin"), ["df", "date", ...stackPrograms]);
  const findings = await examine(await start({ parent: withPath(path) }));
  expect(faultsOf(findings)).toEqual(["failed parent DOCTOR_DOCKER_MISSING"]);
});

test.each(["flock", "dd", "tar", "sleep"])("a parent without %s", async (program) => {
  const others = stackPrograms.filter((name) => name !== program);
  const path = await linkPrograms(join(directory, "bin"), ["df", "date", "docker", ...others]);
  const findings = await examine(await start({ parent: withPath(path) }));
  expect(faultsOf(findings)).toContain("failed parent DOCTOR_PROGRAM_MISSING");
  expect(findings.find(({ check }) => check === "programs")?.text).toMatch(new RegExp(`^${program} is`));
});

test("a parent whose dd cannot wait for a whole block", async () => {
  const programs = { dd: 'for word; do [ "$word" != iflag=fullblock ] || exit 1; done; exec /bin/dd "$@"' };
  const path = `${await writePrograms(join(directory, "bin"), programs)}:${process.env.PATH}`;
  expect(faultsOf(await examine(await start({ parent: withPath(path) })))).toEqual([
    "failed parent DOCTOR_PROGRAM_MISSING",
  ]);
});

test("an engine's socket that is not there", async () => {
  const findings = await examine(await start(), { parent: { docker: { socket: "/nowhere/docker.sock" } } });
  expect(faultsOf(findings)).toEqual(["failed parent DOCTOR_SOCKET_MISSING"]);
});

test("an engine's socket that the login may not use", async () => {
  const machines = keep(await startLab({ hosts: { parent: { authentication: ["password"] } } }));
  // The login can see it, and it is root's.
  const socket = join(machines.directory, "engine.sock");
  keep(await startEngine(socket, {}));
  await chmod(socket, 0o600);
  const findings = await examine(machines, { parent: { docker: { socket } } });
  expect(faultsOf(findings)).toEqual(["failed parent DOCTOR_SOCKET_DENIED"]);
});

test("a socket without an engine behind it", async () => {
  const socket = join(directory, "engine.sock");
  keep(await startHangUp(socket));
  const findings = await examine(await start(), { parent: { docker: { socket } } });
  expect(faultsOf(findings)).toEqual(["failed parent DOCTOR_ENGINE_SILENT"]);
});

test.each([
  ["an engine that is too old", { Version: "19.03.1", ApiVersion: "1.40" }, "failed parent DOCTOR_ENGINE_TOO_OLD"],
  ["an engine without BuildKit", { Components: [{ Name: "Podman Engine" }] }, "warning parent DOCTOR_NO_BUILDKIT"],
])("%s", async (_name, version, fault) => {
  const socket = join(directory, "engine.sock");
  keep(await startEngine(socket, version));
  const findings = await examine(await start(), { parent: { docker: { socket } } });
  expect(faultsOf(findings)).toEqual([fault]);
});

test("a docker client that does not ask the engine that it is told", async () => {
  const programs = {
    docker: 'case "$1" in -H) shift 2 ;; esac; DOCKER_HOST=unix:///nowhere exec /usr/bin/docker "$@"',
  };
  const path = `${await writePrograms(join(directory, "bin"), programs)}:${process.env.PATH}`;
  const findings = await examine(await start({ parent: withPath(path) }));
  expect(faultsOf(findings)).toEqual(["failed parent DOCTOR_CLIENT_ELSEWHERE"]);
});

test("a login whose own docker asks another engine", async () => {
  const foreign = "DOCKER_HOST=unix:///run/user/1/docker.sock DOCKER_TLS_VERIFY=1 DOCKER_CERT_PATH=/nowhere";
  const sshdConfig = [`ForceCommand export ${foreign}; eval "$SSH_ORIGINAL_COMMAND"`];
  const findings = await examine(await start({ parent: { sshdConfig } }));
  expect(faultsOf(findings)).toEqual(["warning parent DOCTOR_LOGIN_ELSEWHERE"]);
});

test("a docker.command that names another engine than docker.socket", async () => {
  const docker = { command: ["docker", "--context", "other"], socket: "/var/run/docker.sock" };
  const findings = await examine(await start(), { parent: { docker } });
  expect(faultsOf(findings)).toEqual(["failed parent HOST_ENGINE_AMBIGUOUS"]);
});

test.each([
  ["no Compose", { docker: dockerBut("exit 1"), "docker-compose": "exit 1" }, "failed parent DOCTOR_COMPOSE_MISSING"],
  [
    "an old docker-compose alone",
    { docker: dockerBut("exit 1"), "docker-compose": "echo 1.29.2" },
    "failed parent DOCTOR_COMPOSE_TOO_OLD",
  ],
  ["an old Compose", { docker: dockerBut("echo v2.2.3") }, "failed parent DOCTOR_COMPOSE_TOO_OLD"],
  ["a full disk", { df: "echo head; echo /dev/x 9 9 1000 99% /" }, "failed parent DOCTOR_DISK_FULL"],
  ["a clock an hour ahead", { date: 'exec /bin/date -d "1 hour" +%s' }, "failed parent DOCTOR_CLOCK_SKEWED"],
] as const)("a parent with %s", async (_name, programs, fault) => {
  const path = `${await writePrograms(join(directory, "bin"), programs)}:${process.env.PATH}`;
  expect(faultsOf(await examine(await start({ parent: withPath(path) })))).toEqual([fault]);
});

test.each([
  ["without the plugin", "exit 1"],
  ["beside an old plugin", "echo v1.0.0"],
])("a docker-compose %s will do", async (_, plugin) => {
  const programs = { docker: dockerBut(plugin), "docker-compose": "echo 2.6.0" };
  const path = `${await writePrograms(join(directory, "bin"), programs)}:${process.env.PATH}`;
  expect(faultsOf(await examine(await start({ parent: withPath(path) })))).toEqual([]);
});

test("this machine is examined from docker on", async () => {
  const programs = { docker: dockerBut("echo 1.29.2"), "docker-compose": "exit 1" };
  const path = await writePrograms(join(directory, "bin"), programs);
  const env = { PATH: `${path}:${process.env.PATH}`, DOCKER_HOST: "unix:///nowhere/docker.sock" };
  await using lab = new OttoLab({
    data: await loadLab({ repos: [], name: undefined, home: directory }),
    repos: [],
    env,
    home: directory,
  });
  const findings: Finding[] = [];
  for await (const finding of diagnose(lab, "local", new AbortController().signal)) findings.push(finding);
  expect(findings.slice(0, 2)).toMatchObject([
    { machine: "local", check: "programs", status: "ok" },
    { machine: "local", check: "docker", status: "ok" },
  ]);
  expect(faultsOf(findings)).toEqual(["failed local DOCTOR_SOCKET_MISSING", "failed local DOCTOR_COMPOSE_TOO_OLD"]);
});
