import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { type Lab, startLab } from "@otto/lab";
import type { SshEndpoint, SshRoute, SshSession } from "ssh2-streamer";
import { afterAll, beforeAll, describe, test } from "vitest";
import { endpointOf, routeTo } from "./lab-route.js";
import { openBy, routeBy, type Transport, transports } from "./transports.js";

let lab: Lab<"bastion" | "parent">;

beforeAll(async () => {
  lab = await startLab({ hosts: { bastion: {}, parent: { hop: "bastion" } } });
});

afterAll(() => lab[Symbol.asyncDispose]());

const { PATH, HOME, SHELL } = process.env;
const env = { PATH, HOME, SHELL };

function openParent(transport: Transport, proxyCommand: string, changes: Partial<SshEndpoint> = {}): SshSession {
  return openBy(transport, [endpointOf(lab, lab.hosts.parent, { proxyCommand, ...changes })], { env });
}

/** What `ssh` says of the same command, and its exit code. */
async function askSsh(proxyCommand: string, env = process.env): Promise<{ exitCode: number; said: string }> {
  const { parent } = lab.hosts;
  const options = [
    `ProxyCommand=${proxyCommand}`,
    "BatchMode=yes",
    "ConnectTimeout=2",
    `UserKnownHostsFile=${lab.knownHostsPath}`,
  ];
  const args = ["-F", "none", "-i", lab.privateKeyPath, "-p", String(parent.port), "-l", parent.user];
  const words = [...args, ...options.flatMap((option) => ["-o", option]), parent.address, "true"];
  const asked = promisify(execFile)("ssh", words, { env });
  asked.child.stdin?.end();
  return asked.then(
    ({ stderr }) => ({ exitCode: 0, said: stderr }),
    (error: { code: number; stderr: string }) => ({ exitCode: error.code, said: error.stderr }),
  );
}

function jumpCommand(): string {
  const { bastion } = lab.hosts;
  const options = `-F none -o BatchMode=yes -o UserKnownHostsFile=${lab.knownHostsPath} -i ${lab.privateKeyPath}`;
  return `ssh ${options} -p ${bastion.port} -l ${bastion.user} -W [%h]:%p ${bastion.address}`;
}

async function isGone(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => undefined);
  return stat === undefined || / Z /.test(stat);
}

async function untilGone(pid: number): Promise<void> {
  while (!(await isGone(pid))) await delay(20);
}

/** A command that passes its stdin and stdout on to the parent, beside a child, and leaves the ids of both in `file`. */
function commandWithChild(file: string): string {
  return `sh -c 'sleep 600 & echo $$ $! >${file}; exec nc %h %p'`;
}

async function readIds(file: string): Promise<number[]> {
  for (;;) {
    const ids = await readFile(file, "utf8").catch(() => "");
    if (ids.endsWith("\n")) return ids.trim().split(" ").map(Number);
    await delay(20);
  }
}

describe.each(transports)("$name", (transport) => {
  test.concurrent("nc and ssh -W are ways to a machine, as for ssh", async ({ expect }) => {
    for (const command of ["nc %h %p", "sh -c 'nc %h %p; true'", jumpCommand()]) {
      await using session = openParent(transport, command);
      const { stdout } = await session.exec(["echo", "here"]);
      expect(stdout.toString(), command).toBe("here\n");
      expect(await askSsh(command), command).toMatchObject({ exitCode: 0 });
    }
  });

  test.concurrent("megabytes arrive as they are, both ways", async ({ expect }) => {
    await using session = openParent(transport, "nc %h %p");
    const sent = Buffer.alloc(5_000_000, "0123456789abcdef");
    const { stdout } = await session.exec(["cat"], { stdin: sent });
    expect(stdout.equals(sent)).toBe(true);
  });

  test.concurrent("a command reaches the first machine of a route, and the others are reached through that", async ({
    expect,
  }) => {
    const [bastion, parent] = routeTo(lab, "parent");
    if (parent === undefined) throw new TypeError("the parent has a hop");
    await using session = openBy(transport, [{ ...bastion, proxyCommand: "nc %h %p" }, parent], { env });
    const { stdout } = await session.exec(["sh", "-c", "echo $SSH_CONNECTION"]);
    expect(stdout.toString().trim().split(" ").at(-1)).toBe(String(lab.hosts.parent.sshdPort));
    expect(() => openBy(transport, [bastion, { ...parent, proxyCommand: "nc %h %p" }])).toThrow(TypeError);
  });

  test.concurrent("the tokens are the address, the port, the login and the name that was asked for", async ({
    expect,
  }) => {
    const file = join(lab.directory, `tokens-${transport.name}`);
    const changes = { alias: "Box", connectTimeoutMs: 5000 };
    await using session = openParent(transport, `sh -c 'echo %h %p %r %n %% >${file}; exec nc %h %p'`, changes);
    await session.connect();
    const { address, port, user } = lab.hosts.parent;
    expect(await readFile(file, "utf8")).toBe(`${address} ${port} ${user} Box %\n`);
  });

  test.concurrent.for<[string, string]>([
    ["sh -c 'echo no way today >&2; exit 3'", "ended with 3 and said: no way today"],
    ["false", "ended with 1 and said nothing"],
    ["sh -c 'kill -KILL $$'", "ended with SIGKILL and said nothing"],
    ["/nowhere/nc %h %p", "ended with 127 and said: .*/nowhere/nc.*(not found|No such file)"],
    ["sh -c 'printf \"\\033[31mred\\033[0m\\007 bell\\n\" >&2; exit 1'", "and said: red bell$"],
  ])("a command that fails is an error with its words: %s", async ([command, words], { expect }) => {
    await using session = openParent(transport, command);
    const error: unknown = await session.connect().catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: "SSH_CONNECT_FAILED", details: { hop: "parent", reason: "proxy" } });
    expect((error as Error).message).toMatch(new RegExp(words));
    expect((await askSsh(command)).exitCode).toBe(255);
  });

  test.concurrent.for([undefined, "0", "1"])(
    "a bash that runs the command reads no ~/.bashrc, as with ssh (SHLVL %s)",
    async (level, { expect }) => {
      const home = await mkdtemp(join(lab.directory, "home-"));
      await writeFile(join(home, ".bashrc"), "echo read >&2\n");
      const shell = { PATH, HOME: home, SHELL: "/bin/bash", SHLVL: level };
      const command = "sh -c 'echo no way >&2; exit 3'";
      const route = [endpointOf(lab, lab.hosts.parent, { proxyCommand: command })] as const;
      await using session = openBy(transport, route, { env: shell });
      const error = (await session.connect().catch((reason: unknown) => reason)) as Error;
      expect(error.message).toMatch(/ended with 3 and said: no way$/);
      expect((await askSsh(command, shell)).said).not.toContain("read");
    },
  );

  test.concurrent("of what a command says without end, the end is kept", async ({ expect }) => {
    await using session = openParent(transport, "sh -c 'yes wrong | head -n 100000 >&2; echo last >&2; exit 1'");
    const error = (await session.connect().catch((reason: unknown) => reason)) as Error;
    expect(error.message).toMatch(/wrong\nlast$/);
    expect(error.message.length).toBeLessThan(5000);
  });

  test.concurrent.for<[string, string]>([
    ["lines", "sh -c 'echo hello >&2; yes hello'"],
    ["bytes", "sh -c 'echo hello >&2; cat /dev/zero'"],
    ["a line of HTTP", "sh -c 'echo hello >&2; echo HTTP/1.1 400 Bad Request'"],
  ])("what prints no SSH is an error, with what it says on stderr: %s", async ([, command], { expect }) => {
    await using session = openParent(transport, command, { connectTimeoutMs: 15_000 });
    const error = (await session.connect().catch((reason: unknown) => reason)) as Error;
    expect(error).toMatchObject({ code: "SSH_CONNECT_FAILED", details: { hop: "parent" } });
    expect(error.message).toContain("hello");
    expect((await askSsh(command)).exitCode).toBe(255);
  });

  test.concurrent("what hangs is ended at the connect timeout, with its children", async ({ expect }) => {
    const file = join(lab.directory, `hanging-${transport.name}`);
    const command = `sh -c 'echo waiting for the door >&2; sleep 600 & echo $$ $! >${file}; wait'`;
    await using session = openParent(transport, command, { connectTimeoutMs: 6000 });
    const startedAt = performance.now();
    await expect(session.connect()).rejects.toMatchObject({
      code: "SSH_CONNECT_FAILED",
      details: { reason: "timeout" },
      message: expect.stringContaining("waiting for the door") as string,
    });
    expect(performance.now() - startedAt).toBeLessThan(40_000);
    for (const pid of await readIds(file)) await untilGone(pid);
  });

  test.concurrent("a command ends with its session, and so do its children", async ({ expect }) => {
    const file = join(lab.directory, `ids-${transport.name}`);
    const session = openParent(transport, commandWithChild(file));
    await session.connect();
    const ids = await readIds(file);
    expect(await Promise.all(ids.map(isGone))).toEqual([false, false]);
    await session.close();
    expect(await Promise.all(ids.map(isGone))).toEqual([true, true]);
  });

  test.concurrent("a command that ignores SIGTERM has ended when its session is closed", async ({ expect }) => {
    const file = join(lab.directory, `stubborn-${transport.name}`);
    const session = openParent(transport, `sh -c 'trap "" TERM; echo $$ >${file}; nc %h %p; sleep 600'`);
    await session.connect();
    const [pid = 0] = await readIds(file);
    await session.close();
    expect(await isGone(pid)).toBe(true);
  });

  test.concurrent("a command that is killed loses the connection, and the next call starts it again", async ({
    expect,
  }) => {
    const file = join(lab.directory, `killed-${transport.name}`);
    await using session = openParent(transport, commandWithChild(file));
    const running = await session.spawn(["sleep", "600"]);
    const [pid = 0, child = 0] = await readIds(file);
    process.kill(pid, "SIGKILL");
    await expect(running.exit).rejects.toMatchObject({ code: "SSH_CONNECTION_LOST", details: { hop: "parent" } });
    await untilGone(child);
    expect((await session.exec(["echo", "again"])).stdout.toString()).toBe("again\n");
    expect((await readIds(file))[0]).not.toBe(pid);
  });

  test.concurrent("a command reads the end of its stdin when our process is killed", async ({ expect }) => {
    const file = join(lab.directory, `orphan-${transport.name}`);
    const program = `
      import { openSshSession } from "ssh2-streamer";
      const [route, settings] = JSON.parse(process.argv[1]);
      await openSshSession(route, settings).connect();
      console.log("connected");
      setInterval(() => {}, 1000);`;
    const route: SshRoute = [
      endpointOf(lab, lab.hosts.parent, { proxyCommand: `sh -c 'echo $$ >${file}; exec nc %h %p'` }),
    ];
    const args = ["--input-type=module", "-e", program, JSON.stringify([routeBy(transport, route), { env }])];
    const child = spawn(process.execPath, args, { cwd: import.meta.dirname, stdio: ["ignore", "pipe", "inherit"] });
    await once(child.stdout, "data");
    const [pid = 0] = await readIds(file);
    expect(await isGone(pid)).toBe(false);
    child.kill("SIGKILL");
    await untilGone(pid);
  });
});
