import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readdir, readFile, stat, symlink, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { promisify } from "node:util";
import { type Lab, startLab } from "@otto/lab";
import type { SshEndpoint } from "ssh2-streamer";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { endpointOf } from "./lab-route.js";
import { openBy, routeBy, transports } from "./transports.js";

let lab: Lab<"hop" | "parent">;

beforeAll(async () => {
  lab = await startLab({ hosts: { hop: {}, parent: { hop: "hop" } } });
});

afterAll(() => lab[Symbol.asyncDispose]());

const transport = "openssh";

/**
 * A process of its own with a session, which keeps its private directories in `runtimeDirectory`. It prints how many connections it
 * has: more than one to a machine where the server allows one session on each.
 */
async function startProgram(
  route: readonly SshEndpoint[],
  runtimeDirectory: string,
  command: readonly string[] = ["sleep", "1000"],
) {
  await mkdir(runtimeDirectory, { recursive: true });
  const program = `
    import { openSshSession } from "ssh2-streamer";
    let connections = 0;
    const onEvent = ({ type }) => (connections += type === "ssh.connected" ? 1 : 0);
    const session = openSshSession(JSON.parse(process.argv[1]), { env: process.env, onEvent });
    await session.spawn(JSON.parse(process.argv[2]));
    await session.exec(["true"]);
    console.log(connections);
    process.stdin.resume().once("end", () => session.close());`;
  const inputs = [route, command].map((input) => JSON.stringify(input));
  const child = spawn(process.execPath, ["--input-type=module", "-e", program, ...inputs], {
    cwd: import.meta.dirname,
    env: { ...process.env, XDG_RUNTIME_DIR: runtimeDirectory },
    stdio: ["pipe", "pipe", "inherit"],
  });
  return { child, exited: once(child, "exit") };
}

/** A master of the user's on the hop, with a session under way, and what logs in over it alone. */
async function startUsersMaster(name: string) {
  const { address, port, user } = lab.hosts.hop;
  const [controlPath, log] = [join(lab.directory, `${name}.sock`), join(lab.directory, `${name}.log`)];
  const common = ["-F", "none", "-S", controlPath, "-o", "BatchMode=yes", "-p", String(port), "-l", user];
  const login = ["-i", lab.privateKeyPath, "-o", `UserKnownHostsFile=${lab.knownHostsPath}`];
  const master = spawn("ssh", ["-M", "-N", "-vv", "-E", log, ...common, ...login, address], { stdio: "ignore" });
  const isAlive = () => promisify(execFile)("ssh", [...common, "-O", "check", address]).then(() => true);
  await expect.poll(() => isAlive().catch(() => false)).toBe(true);
  const overMaster = [...common, "-o", "IdentityFile=none", "-o", "IdentityAgent=none"];
  const cat = spawn("ssh", [...overMaster, address, "cat"], { stdio: ["pipe", "pipe", "inherit"] });
  const echo = async (said: string) => {
    cat.stdin.write(said);
    return String((await once(cat.stdout, "data"))[0]);
  };
  expect(await echo("begun")).toBe("begun");
  return {
    controlPath,
    proxyCommand: ["ssh", ...overMaster, "-W", "[%h]:%p", address].join(" "),
    echo,
    /** How often something has connected to its control socket. */
    countClients: async () => (await readFile(log, "utf8")).split("mux_master_process_hello").length - 1,
    async [Symbol.asyncDispose]() {
      for (const child of [cat, master]) {
        const exited = once(child, "exit");
        if (child.kill()) await exited;
      }
    },
  };
}

/** Processes that have a path in their arguments: masters name their private directory. */
function countProcesses(path: string): Promise<number> {
  return new Promise((resolve) => {
    execFile("pgrep", ["--count", "--full", `ssh .*${path}`], (_, stdout) => resolve(Number(stdout.trim())));
  });
}

test.each([0, 1])(
  "through %i hops: nothing is left in files once it is logged in, and a killed process leaves no master",
  async (hops) => {
    const runtimeDirectory = join(lab.directory, `killed-${hops}`);
    const hosts = hops === 0 ? [lab.hosts.hop] : [lab.hosts.hop, lab.hosts.parent];
    const route = hosts.map((host) => endpointOf(lab, host, { transport }));
    const { child, exited } = await startProgram(route, runtimeDirectory);
    const connections = Number((await once(child.stdout, "data"))[0]);
    expect(connections).toBeGreaterThan(hops);
    expect(await readdir(runtimeDirectory)).toEqual([]);
    expect(await countProcesses(runtimeDirectory)).toBe(connections);
    child.kill("SIGKILL");
    await exited;
    await expect.poll(() => countProcesses(runtimeDirectory)).toBe(0);
  },
);

test("a session that is closed has no master any more", async () => {
  const runtimeDirectory = join(lab.directory, "closed");
  const { child, exited } = await startProgram([endpointOf(lab, lab.hosts.hop, { transport })], runtimeDirectory);
  await once(child.stdout, "data");
  child.stdin.end();
  expect((await exited)[0]).toBe(0);
  expect(await countProcesses(runtimeDirectory)).toBe(0);
});

test("what a process left that was killed in a login is removed by the next one, and is nobody else's to read", async () => {
  const runtimeDirectory = join(lab.directory, "login");
  const silent = createServer(() => {}).listen(0, "127.0.0.1");
  await once(silent, "listening");
  const { port } = silent.address() as AddressInfo;
  const endpoint = endpointOf(lab, lab.hosts.hop, { transport, port, connectTimeoutMs: 60_000 });
  const dialed = once(silent, "connection");
  const stuck = await startProgram([endpoint], runtimeDirectory);
  await dialed;
  const [left = ""] = await readdir(runtimeDirectory);
  expect((await stat(join(runtimeDirectory, left))).mode & 0o777).toBe(0o700);
  stuck.child.kill("SIGKILL");
  await stuck.exited;
  const next = await startProgram([endpointOf(lab, lab.hosts.hop, { transport })], runtimeDirectory);
  await once(next.child.stdout, "data");
  expect(await readdir(runtimeDirectory)).toEqual([]);
  next.child.stdin.end();
  await next.exited;
  silent.close();
});

test("a process that used ssh may use ssh2 after it, which is loaded only then", async () => {
  const program = `
    import { openSshSession } from "ssh2-streamer";
    const endpoint = JSON.parse(process.argv[1]);
    for (const transport of ["openssh", "ssh2"]) {
      const session = openSshSession([{ ...endpoint, transport }]);
      console.log((await session.exec(["echo", transport])).stdout.toString().trim());
      await session.close();
    }`;
  const args = ["--input-type=module", "-e", program, JSON.stringify(endpointOf(lab, lab.hosts.hop))];
  // pnpm's NODE_PATH would lead around the links that are not followed after a FIFO was seen.
  const child = spawn(process.execPath, args, {
    cwd: import.meta.dirname,
    env: { PATH: process.env.PATH },
    stdio: ["ignore", "pipe", "inherit"],
  });
  expect(await text(child.stdout)).toBe("openssh\nssh2\n");
});

test("without mkfifo, the error says what is missing", async () => {
  const tools = join(lab.directory, "tools");
  await mkdir(tools);
  await symlink("/usr/bin/ssh", join(tools, "ssh"));
  const program = `
    import { openSshSession } from "ssh2-streamer";
    const session = openSshSession(JSON.parse(process.argv[1]), { env: process.env });
    await session.connect().catch(({ code, message }) => console.log(code, message));
    await session.close();`;
  const route = [endpointOf(lab, lab.hosts.hop, { transport })];
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ["--input-type=module", "-e", program, JSON.stringify(route)],
    { cwd: import.meta.dirname, env: { PATH: tools } },
  );
  expect(stdout).toMatch(/^SSH_TRANSPORT_UNAVAILABLE connecting to hop by OpenSSH's client: .*mkfifo/);
});

test("a process that is killed while a person thinks leaves no ssh, which would send empty passwords", async () => {
  await using other = await startLab({ hosts: { asking: { authentication: ["password"] } } });
  const { asking } = other.hosts;
  const runtimeDirectory = join(lab.directory, "thinking");
  await mkdir(runtimeDirectory);
  const program = `
    import { openSshSession } from "ssh2-streamer";
    const onPrompt = () => new Promise(() => console.log("asked"));
    setInterval(() => {}, 1000);
    await openSshSession(JSON.parse(process.argv[1]), { onPrompt, env: process.env }).connect();`;
  const route = [endpointOf(other, asking, { transport, credentials: [{ username: asking.user }] })];
  const child = spawn(process.execPath, ["--input-type=module", "-e", program, JSON.stringify(route)], {
    cwd: import.meta.dirname,
    env: { ...process.env, XDG_RUNTIME_DIR: runtimeDirectory },
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(child.stdout, "data");
  child.kill("SIGKILL");
  await expect.poll(() => countProcesses(runtimeDirectory), { timeout: 20_000 }).toBe(0);
  expect(await asking.readLog()).not.toContain("Failed password");
});

describe.each(transports)("$name beside a master of the user's", (by) => {
  test("one that the configuration names is left alone", async () => {
    await using users = await startUsersMaster(`named-${by.name}`);
    const configFile = join(lab.directory, `named-${by.name}.config`);
    await writeFile(configFile, `ControlMaster auto\nControlPath ${users.controlPath}\n`);
    const before = await users.countClients();
    expect(before).toBeGreaterThan(0);
    await using session = openBy(by, [endpointOf(lab, lab.hosts.hop, { configFile })]);
    expect((await session.exec(["echo", "here"])).stdout.toString()).toBe("here\n");
    await session.close();
    expect(await users.countClients()).toBe(before);
    expect(await users.echo("on")).toBe("on");
  });

  test("a machine behind one is reached over it by a proxy command, which does it no harm", async () => {
    await using users = await startUsersMaster(`behind-${by.name}`);
    const { proxyCommand } = users;
    const before = await users.countClients();
    const route = routeBy(by, [endpointOf(lab, lab.hosts.parent, { proxyCommand })]);
    const program = await startProgram(route, join(lab.directory, `behind-${by.name}`), ["yes"]);
    await once(program.child.stdout, "data");
    expect(await users.countClients()).toBeGreaterThan(before);
    program.child.kill("SIGKILL");
    await program.exited;
    await using refused = openBy(by, [endpointOf(lab, lab.hosts.parent, { proxyCommand, port: 1 })]);
    await expect(refused.connect()).rejects.toMatchObject({ details: { reason: "proxy" } });
    expect(await users.echo("on")).toBe("on");
  });
});
