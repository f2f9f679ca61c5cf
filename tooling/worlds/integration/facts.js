// Prints, as JSON, what the world that it runs in and the hosts of a lab are like.
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { request } from "node:http";
import { connect } from "node:net";
import { promisify } from "node:util";
import { engineSocketPath, labJson, startLab } from "@otto/lab";

const execute = promisify(execFile);
const lab = await startLab({ hosts: { bastion: {}, parent: { hop: "bastion" } } });
const { bastion, parent } = lab.hosts;

const sshOptions = ({ port, user }) => [
  ...["-F", "none", "-o", `UserKnownHostsFile=${lab.knownHostsPath}`, "-o", "BatchMode=yes", "-o", "LogLevel=ERROR"],
  ...["-i", lab.privateKeyPath, "-p", String(port), "-l", user],
];
const ssh = async (host, ...words) =>
  (await execute("ssh", [...sshOptions(host), host.address, ...words])).stdout.trim();
const works = (promise) =>
  promise.then(
    () => true,
    () => false,
  );
const docker = (...words) => execute("docker", words).then(({ stdout }) => stdout.trim());

/** Whether a second session on one connection is let in. */
async function takesSessions() {
  const control = ["-o", `ControlPath=${lab.directory}/control`];
  const master = spawn("ssh", [...sshOptions(parent), ...control, "-M", parent.address, "echo open; exec cat"]);
  await once(master.stdout, "data");
  const second = execute("ssh", [
    ...control,
    "-o",
    "ControlMaster=no",
    "-o",
    "BatchMode=yes",
    "-F",
    "none",
    "x",
    "true",
  ]);
  const isTaken = await works(second);
  // By its stdin: OpenSSH's client 9.2 now and then misses a signal that comes just before it waits.
  master.stdin.end();
  await once(master, "exit");
  return isTaken;
}

/** Whether it forwards to a port that answers at once: sshd's own. */
async function forwardsPorts(host) {
  const forward = spawn("ssh", [...sshOptions(host), host.address, "-W", `127.0.0.1:${host.sshdPort}`]);
  const answered = once(forward.stdout, "data").then(() => true);
  const ended = once(forward, "exit").then(() => false);
  const isForwarded = await Promise.race([answered, ended]);
  forward.stdin.end();
  await ended;
  return isForwarded;
}

/** From our line to the server's answer to it. */
async function roundTripMs() {
  const socket = connect(bastion.port, "127.0.0.1");
  await once(socket, "data");
  const started = performance.now();
  // No packet: a server that has said all that it says by itself ends the connection.
  socket.write(`SSH-2.0-probe\r\n${"x".repeat(64)}`);
  socket.on("error", () => {});
  await new Promise((resolve) => socket.once("data", resolve).once("close", resolve));
  socket.destroy();
  return performance.now() - started;
}

async function builderOf(socketPath) {
  const asked = request({ socketPath, path: "/_ping", agent: false }).end();
  const [answer] = await once(asked, "response");
  answer.resume();
  return answer.headers["builder-version"] ?? "";
}

async function banner() {
  const socket = connect(parent.sshdPort, "127.0.0.1");
  const [said] = await once(socket, "data");
  socket.destroy();
  return /^SSH-2.0-([A-Za-z]+)/.exec(said.toString())?.[1];
}

const engineOf = (...words) => docker(...words, "info", "--format", "{{.DockerRootDir}}");
const info = {
  components: JSON.parse(await docker("version", "--format", "{{json .Server.Components}}")),
  driver: await docker("info", "--format", "{{json .DriverStatus}}"),
  plugins: await docker("info", "--format", "{{range .ClientInfo.Plugins}}{{.Name}} {{end}}"),
};
const declared = labJson(lab).hosts.find(({ element }) => element === "parent")?.docker;

process.stdout.write(
  JSON.stringify({
    server: await banner(),
    isRoot: (await ssh(parent, "id", "-u")) === "0",
    takesSessions: await takesSessions(),
    bastionForwardsPorts: await forwardsPorts(bastion),
    parentForwardsPorts: await forwardsPorts(parent),
    reachesEngine: await works(ssh(parent, "docker", "version")),
    reachesEngineBySudo: await works(ssh(parent, "sudo", "-n", "docker", "version")),
    declared: declared ?? {},
    shell: await ssh(parent, "sh", "-c", "'readlink /proc/$$/exe; :'"),
    buildKitOfLogin: await ssh(parent, "echo", "$DOCKER_BUILDKIT"),
    buildKitHere: process.env.DOCKER_BUILDKIT ?? "",
    engine: info.components[0].Name,
    engineIsUsual: (await engineOf()) === (await engineOf("--host", "unix:///var/run/docker.sock")),
    builder: await builderOf(engineSocketPath()),
    hasBuildx: info.plugins.includes("buildx"),
    usesContainerd: info.driver.includes("io.containerd"),
    roundTripMs: await roundTripMs(),
  }),
);
await lab[Symbol.asyncDispose]();
// A socket that a server holds open is nothing to wait for.
process.exit();
