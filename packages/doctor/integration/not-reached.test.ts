import { chmod, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Finding } from "@otto/doctor";
import { createKeyPair, type HostOptions, type Lab, type LabOptions, setLoginShell, startLab } from "@otto/lab";
import { expect, test } from "vitest";
import { linkPrograms, startEngine, startHangUp, withPath, writePrograms } from "./faults.js";
import { examineParent, type LabChanges } from "./lab-under-test.js";

const ofServer = ["name", "tcp", "banner", "ssh", "handshake", "host-key", "login"];
const ofParent = [
  ...["sessions", "programs", "docker", "socket", "engine", "buildkit", "client", "compose", "disk", "clock"],
  "forwarding",
];
const on = (machine: string, checks: readonly string[]) => checks.map((check) => `${machine} ${check}`);
/** All that the doctor owes a word on, for a parent behind a bastion. */
const everything = [...on("bastion", [...ofServer, "forwarding"]), ...on("parent", [...ofServer, ...ofParent])];
const from = (check: string) => everything.slice(everything.indexOf(check));

type Machines = Lab<"bastion" | "parent">;

/** What stands in the way of the doctor, and what it then says. */
interface Obstacle {
  readonly hosts?: { readonly bastion?: HostOptions; readonly parent?: HostOptions };
  readonly engineAccess?: LabOptions["engineAccess"];
  /** Changes the machines, or the lab.json. */
  readonly prepare?: (machines: Machines) => Promise<LabChanges | undefined>;
  readonly failed: readonly string[];
  readonly warnings?: readonly string[];
  readonly notReached: readonly string[];
}

const ownLogin: HostOptions = { authentication: ["password"] };
const ofEngine = on("parent", ["buildkit", "client", "disk", "forwarding"]);

/** Has the parent's commands find these programs first. */
const put = (programs: Record<string, string>) => async (machines: Machines) => {
  const path = await writePrograms(join(machines.directory, "bin"), programs);
  await machines.hosts.parent.start({ options: withPath(`${path}:${process.env.PATH}`) });
  return undefined;
};

const obstacles: Readonly<Record<string, Obstacle>> = {
  "nothing at all": { failed: [], notReached: [] },
  "a bastion that is down": {
    prepare: async ({ hosts }) => {
      await hosts.bastion.stop();
      return undefined;
    },
    failed: ["bastion tcp"],
    notReached: from("bastion banner"),
  },
  "a bastion whose host key has changed": {
    prepare: async ({ hosts }) => {
      await hosts.bastion.start({ newHostKeys: true });
      return undefined;
    },
    failed: ["bastion host-key"],
    notReached: from("bastion login"),
  },
  "a bastion that refuses the login": {
    prepare: async ({ directory }) => {
      const { privateKeyPath } = await createKeyPair("ed25519", join(directory, "other"));
      return { bastion: { ssh_options: { client_keys: [privateKeyPath] } } };
    },
    failed: ["bastion login"],
    notReached: from("bastion forwarding"),
  },
  "a bastion that cannot forward": {
    hosts: { bastion: { allowTcpForwarding: false } },
    prepare: async ({ directory, hosts }) => {
      await hosts.bastion.start({ options: withPath(await linkPrograms(join(directory, "bin"), ["sh"])) });
      return undefined;
    },
    failed: ["bastion forwarding"],
    notReached: from("parent tcp"),
  },
  "a name that a bastion which runs nothing cannot resolve": {
    hosts: { bastion: ownLogin },
    prepare: async ({ hosts }) => {
      await setLoginShell(hosts.bastion.user, "/usr/sbin/nologin");
      return { parent: { ip: "no-such-host.invalid" } };
    },
    failed: ["parent tcp"],
    notReached: ["bastion forwarding", "parent name", ...from("parent banner")],
  },
  "a file of known hosts that is none": {
    prepare: async ({ directory }) => ({ parent: { ssh_options: { known_hosts: directory } } }),
    failed: ["parent host-key"],
    notReached: ["parent ssh", "parent handshake", ...from("parent login")],
  },
  "a parent whose algorithms are none of ours": {
    hosts: { parent: { sshdConfig: ["MACs hmac-md5", "Ciphers aes128-cbc"] } },
    failed: ["parent handshake"],
    notReached: from("parent host-key"),
  },
  "a parent that opens no sessions": {
    hosts: { parent: { maxSessions: 0 } },
    failed: ["parent sessions"],
    notReached: from("parent programs"),
  },
  "an engine that is not there": {
    prepare: () => Promise.resolve({ parent: { docker: { socket: "/nowhere/docker.sock" } } }),
    failed: ["parent socket"],
    notReached: ["parent engine", ...ofEngine],
  },
  "a login without access to the engine": {
    hosts: { parent: ownLogin },
    prepare: async ({ directory }) => {
      // Lives as long as the machines do: its process is this one.
      const socket = join(directory, "engine.sock");
      await startEngine(socket, {});
      await chmod(socket, 0o600);
      return { parent: { docker: { socket } } };
    },
    failed: ["parent socket"],
    notReached: ["parent engine", ...ofEngine],
  },
  "an engine that does not answer": {
    prepare: async ({ directory }) => {
      const socket = join(directory, "engine.sock");
      await startHangUp(socket);
      return { parent: { docker: { socket } } };
    },
    failed: ["parent engine"],
    notReached: on("parent", ["buildkit", "client", "disk"]),
  },
  "two engines, of which nobody can say which one is meant": {
    prepare: () => {
      const docker = { command: ["docker", "--context", "other"], socket: "/var/run/docker.sock" };
      return Promise.resolve({ parent: { docker } });
    },
    failed: ["parent docker"],
    notReached: on("parent", ["programs", ...ofParent.slice(ofParent.indexOf("socket"))]),
  },
  "no docker client": {
    prepare: () => Promise.resolve({ parent: { docker: { command: ["/nowhere/docker"] } } }),
    failed: ["parent docker"],
    notReached: on("parent", ["client", "compose", "disk"]),
  },
  "a sudo that asks for a password": {
    hosts: { parent: ownLogin },
    engineAccess: "sudo",
    prepare: async ({ hosts }) => {
      await rm(`/etc/sudoers.d/${hosts.parent.user}`);
      return { parent: { docker: { command: ["sudo", "-n", "docker"] } } };
    },
    failed: on("parent", ["docker", "engine"]),
    notReached: on("parent", ["socket", "buildkit", "client", "compose", "disk", "forwarding"]),
  },
  "a docker client that hangs": {
    prepare: put({ docker: "exec sleep 60" }),
    failed: [],
    notReached: on("parent", ["docker", "client", "compose", "disk"]),
  },
  "a docker client that does not say which engine it asks": {
    prepare: put({ docker: 'case " $* " in *" context "*) exit 1 ;; *) exec /usr/bin/docker "$@" ;; esac' }),
    failed: [],
    notReached: ["parent client"],
  },
  "a disk that cannot be looked at": {
    prepare: put({ df: "exit 1" }),
    failed: [],
    notReached: ["parent disk"],
  },
  "a clock that tells no time": {
    prepare: put({ date: "echo noon" }),
    failed: [],
    notReached: ["parent clock"],
  },
  "a link that is lost while the disk is looked at": {
    prepare: put({ df: 'exec kill -9 "$(cut -d " " -f 4 "/proc/$PPID/stat")"' }),
    failed: [],
    notReached: ["parent disk"],
  },
};

test.concurrent.each(Object.entries(obstacles))("%s: what was not seen is not reached", async (_, obstacle) => {
  const { hosts, engineAccess, prepare, failed, warnings = [], notReached } = obstacle;
  const { bastion = {}, parent = {} } = hosts ?? {};
  await using machines: Machines = await startLab({
    hosts: { bastion, parent: { hop: "bastion", ...parent } },
    ...(engineAccess && { engineAccess }),
  });
  const changes = await prepare?.(machines);
  const findings = await examineParent(join(machines.directory, "home"), machines, changes);
  const having = (status: Finding["status"]) =>
    findings.filter((found) => found.status === status).map(({ machine, check }) => `${machine} ${check}`);
  expect([having("failed"), having("warning"), having("not-reached").toSorted()]).toEqual([
    failed,
    warnings,
    [...notReached].toSorted(),
  ]);
  expect(findings.map(({ machine, check }) => `${machine} ${check}`).toSorted()).toEqual(everything.toSorted());
  expect(findings.filter(({ text }) => text.trim() === "")).toEqual([]);
});
