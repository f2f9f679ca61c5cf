import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, readdir, readFile, stat, symlink, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { Secret } from "@otto/errors";
import { startLab } from "@otto/lab";
import { listKeptConnections, openSshSession, type SshEvent, type SshRoute } from "ssh2-streamer";
import { describe, expect, test } from "vitest";
import { routeTo } from "./lab-route.js";
import { kept, openBy, routeBy, type Transport, transports } from "./transports.js";

/** A parent behind a proxy, and a directory for what is kept of its connections; all of them end with it. */
async function startKeeping(transport: Transport, options: Parameters<typeof startLab>[0]["hosts"][string] = {}) {
  const lab = await startLab({ hosts: { parent: { proxy: {}, ...options } } });
  const directory = join(lab.directory, "kept");
  const by = kept(transport, directory);
  const route = (changes: Parameters<typeof routeTo>[2] = {}) => routeTo(lab, "parent", changes);
  const list = () => listKeptConnections([directory]);
  return {
    lab,
    directory,
    by,
    route,
    list,
    /** Runs a command in a session of its own, and tells what the session reported. */
    async run(argv: readonly string[], changed: SshRoute = route(), options: Parameters<typeof openBy>[2] = {}) {
      const events: SshEvent[] = [];
      await using session = openBy(by, changed, {
        env: process.env,
        onEvent: (event) => events.push(event),
        ...options,
      });
      const { stdout, exitCode } = await session.exec(argv);
      return { stdout: stdout.toString(), exitCode, events: events.map(({ type }) => type) };
    },
    handshakes: () => lab.hosts.parent.handshakes(),
    async [Symbol.asyncDispose]() {
      for (const connection of await list()) await connection.end();
      await lab[Symbol.asyncDispose]();
    },
  };
}

/** A process with a session of its own, in which a command runs. */
function startProgram(route: SshRoute, directory: string, argv: readonly string[]) {
  const program = `
    import { openSshSession } from "ssh2-streamer";
    const [route, keepIn, argv] = process.argv.slice(1).map((it) => JSON.parse(it));
    const session = openSshSession(route, { env: process.env, keepIn });
    const { stdout } = await session.spawn(argv);
    stdout.on("data", (chunk) => process.stdout.write(chunk));`;
  const inputs = [route, [directory], argv].map((input) => JSON.stringify(input));
  const child = spawn(process.execPath, ["--input-type=module", "-e", program, ...inputs], {
    cwd: import.meta.dirname,
    stdio: ["ignore", "pipe", "inherit"],
  });
  return { child, exited: once(child, "exit") };
}

const isThere = (pid: number) => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

describe.each(transports)("$name", (transport) => {
  test.concurrent("a later session uses the connection of an earlier one, until it is ended", async ({ expect }) => {
    await using keeping = await startKeeping(transport);
    expect(await keeping.list()).toEqual([]);
    expect(await keeping.run(["sh", "-c", "echo first; exit 3"])).toMatchObject({ stdout: "first\n", exitCode: 3 });
    const before = await keeping.handshakes();
    const again = await keeping.run(["sh", "-c", "echo second; exit 4"]);
    expect(again).toMatchObject({ stdout: "second\n", exitCode: 4 });
    expect(again.events).toContain("ssh.kept-connection-used");
    expect(await keeping.handshakes()).toBe(before);
    const [connection, ...others] = await keeping.list();
    expect(others).toEqual([]);
    const { user, address, port } = keeping.lab.hosts.parent;
    expect(connection).toMatchObject({ host: "parent", user, address: `${address}:${port}`, state: "open", users: [] });
    await connection?.end();
    await expect.poll(() => isThere(connection?.pid ?? 0)).toBe(false);
    expect(await readdir(keeping.directory)).toEqual([]);
  });

  test.concurrent("sessions that begin at once share one connection", async ({ expect }) => {
    await using keeping = await startKeeping(transport);
    const said = await Promise.all(["a", "b", "c"].map((word) => keeping.run(["echo", word])));
    expect(said.map(({ stdout }) => stdout)).toEqual(["a\n", "b\n", "c\n"]);
    expect(await keeping.list()).toHaveLength(1);
    expect(await keeping.handshakes()).toBe(1);
  });

  test.concurrent("one that nobody used for long enough ends by itself", async ({ expect }) => {
    await using keeping = await startKeeping(transport);
    await keeping.run(["true"], keeping.route({ persistMs: 1000 }));
    // The suite's own setting goes before it.
    await using session = openSshSession(
      routeBy({ ...transport, endpoint: { ...transport.endpoint, persistMs: 1000 } }, keeping.route()),
      {
        env: process.env,
        keepIn: [keeping.directory],
      },
    );
    await session.exec(["true"]);
    const short = (await keeping.list()).find(({ persistMs }) => persistMs === 1000);
    expect(short).toMatchObject({ users: [process.pid], idleMs: 0 });
    await session.close();
    await expect.poll(() => isThere(short?.pid ?? 0)).toBe(false);
    expect(await keeping.list()).toHaveLength(1);
  });

  test.concurrent("a change of what is known of the host is a new connection, and a new verdict", async ({
    expect,
  }) => {
    await using keeping = await startKeeping(transport);
    const { lab } = keeping;
    const own = join(lab.directory, "own_known_hosts");
    const known = await readFile(lab.knownHostsPath, "utf8");
    await writeFile(own, known);
    const route = keeping.route({ hostKey: { knownHosts: [own] } });
    await keeping.run(["true"], route);
    await writeFile(own, `# unrelated\nelsewhere.example.org ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA\n${known}`);
    expect((await keeping.run(["true"], route)).events).toContain("ssh.kept-connection-used");
    await writeFile(own, known.replace(/^(?=\S)/gm, "@revoked "));
    await expect(keeping.run(["true"], route)).rejects.toMatchObject({ code: "SSH_HOST_KEY_REVOKED" });
    await writeFile(own, "");
    await expect(keeping.run(["true"], route)).rejects.toMatchObject({ code: "SSH_HOST_KEY_UNKNOWN" });
    const pinned = keeping.route({ hostKey: { pin: `SHA256:${"A".repeat(43)}` } });
    await expect(keeping.run(["true"], pinned)).rejects.toMatchObject({ code: "SSH_HOST_KEY_CHANGED" });
    await writeFile(own, known);
    expect((await keeping.run(["true"], route)).events).toContain("ssh.kept-connection-used");
  });

  test.concurrent("a key that the first login learned is known to the second, which uses its connection", async ({
    expect,
  }) => {
    await using keeping = await startKeeping(transport);
    const learned: string[] = [];
    const file = join(keeping.lab.directory, "learned");
    const onLearned = ({ hop }: { readonly hop: string }) => learned.push(hop);
    const route = keeping.route({ hostKey: { knownHosts: [], learn: { file, onLearned } } });
    await keeping.run(["true"], route);
    expect((await keeping.run(["true"], route)).events).toContain("ssh.kept-connection-used");
    expect(learned).toEqual(["parent"]);
    expect(await keeping.list()).toHaveLength(1);
  });

  test.concurrent("another login, key, port or name has a connection of its own", async ({ expect }) => {
    await using keeping = await startKeeping(transport);
    const { lab } = keeping;
    await keeping.run(["true"]);
    const { port } = lab.hosts.parent;
    const key = join(lab.directory, "other-key");
    await writeFile(key, await readFile(lab.privateKeyPath), { mode: 0o600 });
    const [endpoint] = keeping.route();
    const [credential] = endpoint.credentials;
    const changes: Parameters<typeof keeping.route>[0][] = [
      { credentials: [{ ...credential, privateKeys: [{ path: key }] }] },
      { credentials: [{ ...credential, agent: "/nowhere/agent" }] },
      { compress: true },
      { name: "other" },
      { connectTimeoutMs: 19_000 },
      { algorithms: { ciphers: "aes256-ctr" } },
    ];
    for (const change of changes) {
      const { events } = await keeping.run(["true"], keeping.route(change));
      expect([change, events.includes("ssh.kept-connection-used")]).toEqual([change, false]);
    }
    await expect(keeping.run(["true"], keeping.route({ port: port + 1 }))).rejects.toMatchObject({
      code: "SSH_CONNECT_FAILED",
    });
  });

  test.concurrent("after its process was killed, the next session connects, and nothing is left of it", async ({
    expect,
  }) => {
    await using keeping = await startKeeping(transport);
    await keeping.run(["true"]);
    const [connection] = await keeping.list();
    process.kill(connection?.pid ?? 0, "SIGKILL");
    await expect.poll(() => isThere(connection?.pid ?? 0)).toBe(false);
    expect((await keeping.run(["echo", "again"])).stdout).toBe("again\n");
    const [next, ...others] = await keeping.list();
    expect(others).toEqual([]);
    expect(next?.pid).not.toBe(connection?.pid);
    process.kill(next?.pid ?? 0, "SIGKILL");
    await expect.poll(() => isThere(next?.pid ?? 0)).toBe(false);
    expect(await keeping.list()).toEqual([]);
    expect(await readdir(keeping.directory)).toEqual([]);
  });

  test.concurrent("a command of a session that is killed ends, and the connection goes on", async ({ expect }) => {
    await using keeping = await startKeeping(transport);
    const { lab, by } = keeping;
    await keeping.run(["true"]);
    const ended = join(lab.directory, "ended");
    const route = routeBy(by, keeping.route());
    const { child, exited } = startProgram(route, keeping.directory, ["sh", "-c", `echo on; cat; : >${ended}`]);
    await once(child.stdout, "data");
    expect(await keeping.list()).toMatchObject([{ users: [child.pid] }]);
    child.kill("SIGKILL");
    await exited;
    await expect
      .poll(() =>
        stat(ended).then(
          () => true,
          () => false,
        ),
      )
      .toBe(true);
    await expect.poll(async () => (await keeping.list())[0]?.users).toEqual([]);
    expect((await keeping.run(["echo", "on"])).events).toContain("ssh.kept-connection-used");
  });

  test.concurrent("what was under way on a link that is cut says so and is not run again; the next call connects", async ({
    expect,
  }) => {
    await using keeping = await startKeeping(transport);
    const { lab, by } = keeping;
    const runs = join(lab.directory, "runs");
    await using session = openBy(by, keeping.route(), { env: process.env });
    const running = await session.spawn(["sh", "-c", `echo run >>${runs}; echo on; sleep 60`]);
    await running.stdout.take(1).toArray();
    const [connection] = await keeping.list();
    lab.hosts.parent.proxy?.cut();
    await expect(running.exit).rejects.toMatchObject({ code: "SSH_CONNECTION_LOST", details: { hop: "parent" } });
    await expect.poll(() => isThere(connection?.pid ?? 0)).toBe(false);
    expect((await session.exec(["echo", "next"])).stdout.toString()).toBe("next\n");
    expect(await readFile(runs, "utf8")).toBe("run\n");
    expect((await keeping.list())[0]?.pid).not.toBe(connection?.pid);
  });

  test.concurrent("a link that swallows is found by its silence, also while nobody uses it", async ({ expect }) => {
    await using keeping = await startKeeping(transport);
    const { lab } = keeping;
    const route = keeping.route({ keepaliveIntervalMs: 1000, keepaliveCountMax: 2 });
    await keeping.run(["true"], route);
    const [connection] = await keeping.list();
    lab.hosts.parent.proxy?.swallow(true);
    await expect.poll(() => isThere(connection?.pid ?? 0)).toBe(false);
    lab.hosts.parent.proxy?.swallow(false);
    expect((await keeping.run(["echo", "on"], route)).stdout).toBe("on\n");
  });

  test.concurrent("a process that stands still is gone around, told, and ended", async ({ expect }) => {
    await using keeping = await startKeeping(transport);
    await keeping.run(["true"]);
    const [connection] = await keeping.list();
    process.kill(connection?.pid ?? 0, "SIGSTOP");
    const around = await keeping.run(["echo", "on"]);
    expect(around).toMatchObject({ stdout: "on\n" });
    expect(around.events).toContain("ssh.connection-not-kept");
    const [silent] = await keeping.list();
    expect(silent).toMatchObject({ pid: connection?.pid, state: "silent" });
    await silent?.end();
    await expect.poll(() => isThere(connection?.pid ?? 0)).toBe(false);
    expect(await keeping.list()).toEqual([]);
  });

  test.concurrent("where the server allows one session, a second process does not wait for the first one's", async ({
    expect,
  }) => {
    await using keeping = await startKeeping(transport, { maxSessions: 1 });
    await using session = openBy(keeping.by, keeping.route(), { env: process.env });
    const first = await session.spawn(["cat"]);
    const { child, exited } = startProgram(routeBy(keeping.by, keeping.route()), keeping.directory, ["echo", "beside"]);
    expect((await once(child.stdout, "data")).toString()).toBe("beside\n");
    child.kill();
    await exited;
    first.stdin.end("still here");
    expect(await text(first.stdout)).toBe("still here");
    expect(await keeping.list()).toHaveLength(1);
  });

  test.concurrent("a person is asked once; what was answered is kept nowhere", async ({ expect }) => {
    await using keeping = await startKeeping(transport, { authentication: ["password"], server: "dropbear" });
    const { user, password = "" } = keeping.lab.hosts.parent;
    const asked: string[] = [];
    const onPrompt = async ({ questions }: { readonly questions: readonly { readonly text: string }[] }) => {
      asked.push(...questions.map((question) => question.text));
      return questions.map(() => password);
    };
    const route = keeping.route({ credentials: [{ username: user }] });
    await keeping.run(["true"], route, { onPrompt });
    await keeping.run(["true"], route, { onPrompt });
    expect(asked).toHaveLength(1);
    const [connection] = await keeping.list();
    const files = await readdir(keeping.directory);
    const texts = await Promise.all(
      [
        ...files.filter((name) => name.endsWith(".k")).map((name) => join(keeping.directory, name)),
        ...["cmdline", "environ"].map((name) => `/proc/${connection?.pid}/${name}`),
      ].map((path) => readFile(path, "latin1")),
    );
    expect(texts).toHaveLength(3);
    for (const said of texts) expect(said).not.toContain(password);
  });

  test.concurrent("what the login or asking for it threw is the error, and nothing is kept", async ({ expect }) => {
    await using keeping = await startKeeping(transport, { authentication: ["password"], server: "dropbear" });
    const { user } = keeping.lab.hosts.parent;
    const wrong = keeping.route({ credentials: [{ username: user, password: new Secret("wrong") }] });
    await expect(keeping.run(["true"], wrong)).rejects.toMatchObject({ code: "SSH_AUTH_FAILED" });
    const failure = new Error("the vault is closed");
    const closed = keeping.route({ credentials: [{ username: user, password: async () => Promise.reject(failure) }] });
    await expect(keeping.run(["true"], closed)).rejects.toBe(failure);
    await expect.poll(() => readdir(keeping.directory)).toEqual([]);
  });
});

describe("where connections are kept", () => {
  const transport = transports[0] as Transport;

  test.concurrent("it is the user's alone, and so are its files", async ({ expect }) => {
    await using keeping = await startKeeping(transport);
    await keeping.run(["true"]);
    const modeOf = async (path: string) => (await stat(path)).mode & 0o777;
    expect(await modeOf(keeping.directory)).toBe(0o700);
    const names = (await readdir(keeping.directory)).sort();
    const modes = await Promise.all(names.map((name) => modeOf(join(keeping.directory, name))));
    expect(names.map((name) => name.split(".")[1])).toEqual(expect.arrayContaining(["k", "s"]));
    expect(modes.every((mode) => (mode & 0o077) === 0)).toBe(true);
  });

  test.concurrent.each([
    {
      which: "that others may enter",
      make: async (path: string) => {
        await mkdir(path);
        await chmod(path, 0o750);
      },
    },
    {
      which: "that is a link",
      make: async (path: string) => {
        await mkdir(`${path}.to`, { mode: 0o700 });
        await symlink(`${path}.to`, path);
      },
    },
    { which: "that is a file", make: (path: string) => writeFile(path, "") },
    {
      which: "below what others may write",
      make: async (path: string) => {
        await mkdir(path, { mode: 0o700 });
        await chmod(join(path, ".."), 0o777);
      },
    },
  ])("a directory $which is not used, and the event says so", async ({ make }) => {
    await using lab = await startLab({ hosts: { parent: {} } });
    const directory = join(lab.directory, "above", "kept");
    await mkdir(join(directory, ".."));
    await make(directory);
    const events: SshEvent[] = [];
    await using session = openBy(kept(transport, directory), routeTo(lab, "parent"), {
      onEvent: (it) => events.push(it),
    });
    expect((await session.exec(["echo", "on"])).stdout.toString()).toBe("on\n");
    expect(events.map(({ type }) => type)).toContain("ssh.connection-not-kept");
    expect(await listKeptConnections([directory])).toEqual([]);
  });

  test.concurrent("who connects to the socket without the token of the record is turned away", async ({ expect }) => {
    await using keeping = await startKeeping(transport);
    await keeping.run(["true"]);
    const [socket = ""] = (await readdir(keeping.directory)).filter((name) => name.endsWith(".s"));
    const guess = JSON.stringify({ hello: { token: "guessed", wants: "connection", pid: 1 } });
    for (const hello of [guess, "null", "7", '{"hello":{}}', '{"hello":null}', "{"]) {
      const stranger = connect(join(keeping.directory, socket));
      const head = Buffer.alloc(6);
      head.writeUInt32BE(hello.length + 2);
      head[5] = 192;
      stranger.on("error", () => {}).write(Buffer.concat([head, Buffer.from(hello)]));
      expect(await text(stranger), hello).toBe("");
    }
    expect(await keeping.list()).toMatchObject([{ users: [] }]);
  });

  test.concurrent("a host whose lab file is not trusted any more is refused, although its connection is open", async ({
    expect,
  }) => {
    await using keeping = await startKeeping(transport);
    await keeping.run(["true"]);
    const authorize = () => {
      throw new Error("not trusted");
    };
    await expect(keeping.run(["true"], keeping.route({ authorize }))).rejects.toThrow("not trusted");
  });
});
