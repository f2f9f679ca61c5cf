import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { type Lab, startLab } from "@otto/lab";
import type { SshAlgorithms, SshEndpoint } from "ssh2-streamer";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { endpointOf } from "./lab-route.js";
import { openBy, transports } from "./transports.js";

// Topics of OpenSSH's own regression suite, by their names there.

const run = promisify(execFile);
/** What OpenSSH's client can do. */
const ask = async (what: string) => (await run("ssh", ["-Q", what])).stdout.trim().split("\n");
const [ciphers, macs, kex] = (await Promise.all(["cipher", "mac", "kex"].map(ask))) as [string[], string[], string[]];
const isAead = (cipher: string) => /gcm|poly1305/.test(cipher);
/** ssh2 refuses them by their names. */
const beyondSsh2 = /^umac-|-96-etm@|md5-etm@|^sntrup|^mlkem/;

/** Each MAC with a cipher that needs one, each cipher that needs none, each key exchange. */
function combine(isWanted: (name: string) => boolean): readonly Required<Pick<SshAlgorithms, "ciphers" | "kex">>[] {
  const [wantedCiphers, wantedMacs, wantedKex] = [ciphers, macs, kex].map((names) => names.filter(isWanted)) as [
    ...[string[], string[], string[]],
  ];
  const [alone, others] = [wantedCiphers.filter(isAead), wantedCiphers.filter((name) => !isAead(name))];
  const rows = [
    ...wantedMacs.map((mac, index) => ({ macs: mac, ciphers: others[index % others.length] ?? "" })),
    ...alone.map((cipher) => ({ ciphers: cipher })),
  ];
  return rows.map((row, index) => ({ ...row, kex: wantedKex[index % wantedKex.length] ?? "" }));
}

let lab: Lab<"all" | "short" | "rotated">;
const endings: (() => unknown)[] = [];

beforeAll(async () => {
  const sshdConfig = [`Ciphers ${ciphers.join(",")}`, `MACs ${macs.join(",")}`, `KexAlgorithms ${kex.join(",")}`];
  // A large group is a matter of seconds.
  const moduli = (await readFile("/etc/ssh/moduli", "utf8"))
    .split("\n")
    .filter((line) => line.split(" ")[4] === "2047");
  const directory = await mkdtemp("/tmp/otto-topics-");
  const moduliFile = join(directory, "moduli");
  await writeFile(moduliFile, `${moduli.join("\n")}\n`);
  endings.push(() => rm(directory, { recursive: true }));
  lab = await startLab({
    hosts: {
      all: { server: "openssh", sshdConfig: [...sshdConfig, `ModuliFile ${moduliFile}`] },
      short: { authentication: ["password"], sshdConfig: ["LoginGraceTime 4"] },
      rotated: { server: "openssh", hostKeyTypes: ["ed25519", "ecdsa", "rsa"] },
    },
  });
});

afterAll(async () => {
  await lab[Symbol.asyncDispose]();
  for (const end of endings) await end();
});

async function listen(onConnection: (client: Socket) => void): Promise<number> {
  const server = createServer(onConnection).listen(0, "127.0.0.1");
  endings.push(() => server.close());
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

/** A relay to a host that changes one bit of the next chunk in the direction that `corrupt` names. */
async function startRelay(hostPort: number) {
  let corrupted: "up" | "down" | undefined;
  let hangUp = () => {};
  const hungUp = new Promise<void>((resolve) => {
    hangUp = resolve;
  });
  const port = await listen((client) => {
    const target = connect(hostPort, "127.0.0.1").once("end", () => hangUp());
    pass(client, target, "up");
    pass(target, client, "down");
  });
  const pass = (from: Socket, to: Socket, direction: "up" | "down") => {
    from.on("error", () => to.destroy()).on("end", () => to.end());
    from.on("data", (chunk: Buffer) => {
      if (corrupted === direction) {
        corrupted = undefined;
        const at = Math.floor(chunk.length / 2);
        chunk.writeUInt8(chunk.readUInt8(at) ^ 1, at);
      }
      to.write(chunk);
    });
  };
  const corrupt = (direction: "up" | "down") => {
    corrupted = direction;
  };
  return { port, corrupt, hungUp };
}

const directions = ["up", "down"] as const;
const checks: readonly SshAlgorithms[] = [
  { ciphers: "aes128-ctr", macs: "hmac-sha2-256" },
  { ciphers: "aes256-cbc", macs: "hmac-sha2-512-etm@openssh.com" },
  { ciphers: "aes256-gcm@openssh.com" },
  { ciphers: "chacha20-poly1305@openssh.com" },
];

describe.each(transports)("$name", (by) => {
  const open = (name: keyof typeof lab.hosts, changes: Partial<SshEndpoint>, options = {}) =>
    openBy(by, [endpointOf(lab, lab.hosts[name], changes)], options);

  test.concurrent.for(checks.flatMap((algorithms) => directions.map((direction) => [direction, algorithms] as const)))(
    "integrity: a bit that is changed on its way %s loses the connection, and gives nothing that is wrong (%j)",
    async ([direction, algorithms], { expect }) => {
      const relay = await startRelay(lab.hosts.all.port);
      const hostKey = { pin: lab.hosts.all.fingerprint };
      await using session = open("all", { port: relay.port, algorithms, hostKey });
      const echo = await session.spawn(["cat"]);
      const sent = randomBytes(50_000).toString("hex");
      let seen = "";
      echo.stdout
        .on("error", () => {})
        .on("data", (chunk: Buffer) => {
          seen += chunk.toString();
        });
      echo.stdin.on("error", () => {});
      echo.stderr.resume();
      echo.stdin.write("begun\n");
      await expect.poll(() => seen).toBe("begun\n");
      relay.corrupt(direction);
      echo.stdin.end(sent);
      await expect(echo.exit).rejects.toMatchObject({ code: "SSH_CONNECTION_LOST" });
      expect(`begun\n${sent}`.startsWith(seen)).toBe(true);
      // The link is whole again.
      expect((await session.exec(["echo", "again"])).stdout.toString()).toBe("again\n");
    },
  );

  test.concurrent.for(combine((name) => by.name !== "ssh2" || !beyondSsh2.test(name)))(
    "try-ciphers, kextype, dhgex: %j carry bytes as they are",
    async (algorithms, { expect }) => {
      await using session = open("all", { algorithms });
      const bytes = randomBytes(50_000);
      expect((await session.exec(["cat"], { stdin: bytes })).stdout.equals(bytes)).toBe(true);
    },
  );

  test.concurrent("login-timeout: a server that waits no longer for a person ends the login, who is asked once", async ({
    expect,
  }) => {
    const { short } = lab.hosts;
    const relay = await startRelay(short.port);
    let asked = 0;
    const onPrompt = async () => {
      asked += 1;
      await relay.hungUp;
      return ["late"];
    };
    const hostKey = { pin: short.fingerprint };
    const changes = { port: relay.port, hostKey, credentials: [{ username: short.user }] } as const;
    await using session = open("short", changes, { onPrompt });
    await expect(session.connect()).rejects.toMatchObject({ code: "SSH_AUTH_FAILED" });
    expect(asked).toBe(1);
  });

  // sshd since 9.8 says this to who has failed to log in too often, and hangs up.
  test.concurrent("penalty: a server that lets this address wait is told with its words", async ({ expect }) => {
    let count = 0;
    const port = await listen((client) => {
      count += 1;
      client.on("error", () => {}).end("Not allowed at this time\r\n");
    });
    await using session = open("all", { port });
    await expect(session.connect()).rejects.toMatchObject({
      code: "SSH_CONNECT_FAILED",
      message: expect.stringContaining("Not allowed at this time") as string,
      details: { reason: "dropped" },
    });
    expect(count).toBe(5);
  });

  test.concurrent.for(["Exceeded MaxStartups\r\n", ""])(
    "a server with too many logins is asked again, whether it says so or not (%j), with a key that cannot be read too",
    async (word, { expect }) => {
      const { all } = lab.hosts;
      let count = 0;
      const port = await listen((client) => {
        count += 1;
        client.on("error", () => {});
        if (count < 3) return client.end(word);
        const target = connect(all.port, "127.0.0.1").on("error", () => {});
        client.pipe(target).pipe(client);
      });
      const privateKeys = [{ path: "/nowhere/key" }, { path: lab.privateKeyPath }];
      const credentials = [{ username: all.user, privateKeys }] as const;
      await using session = open("all", { port, credentials, hostKey: { pin: all.fingerprint } });
      expect((await session.exec(["echo", "in"])).stdout.toString()).toBe("in\n");
      expect(count).toBe(3);
    },
  );

  test.concurrent("hostkey-rotate: further keys that a server shows are not recorded", async ({ expect }) => {
    const { rotated } = lab.hosts;
    const [first] = rotated.hostKeys;
    const file = join(lab.directory, `rotated-${by.name}`);
    const line = `[${rotated.address}]:${rotated.port} ${first?.publicKey}\n`;
    await writeFile(file, line);
    await using session = open("rotated", { hostKey: { knownHosts: [file], learn: { file } } });
    expect((await session.exec(["true"])).exitCode).toBe(0);
    await session.close();
    expect(await readFile(file, "utf8")).toBe(line);
    const options = ["BatchMode=yes", "UpdateHostKeys=yes", `UserKnownHostsFile=${file}`];
    const words = ["-F", "none", ...options.flatMap((it) => ["-o", it]), "-i", lab.privateKeyPath];
    await run("ssh", [...words, "-p", `${rotated.port}`, `${rotated.user}@${rotated.address}`, "true"]);
    expect((await readFile(file, "utf8")).trim().split("\n")).toHaveLength(rotated.hostKeys.length);
  });
});

test("try-ciphers: what ssh2 does not have is refused by its name, before anything is sent", async () => {
  const lacking: (keyof SshAlgorithms)[] = ["ciphers", "macs", "kex"];
  const names = [ciphers, macs, kex].flatMap((list, index) =>
    list.filter((name) => beyondSsh2.test(name)).map((name) => [lacking[index] ?? "", name] as const),
  );
  expect(names.length).toBeGreaterThan(3);
  for (const [kind, name] of names) {
    await using session = openBy({ name: "ssh2", endpoint: { transport: "ssh2" }, lacks: {} }, [
      endpointOf(lab, lab.hosts.all, { algorithms: { [kind]: name } }),
    ]);
    await expect(session.connect(), name).rejects.toMatchObject({
      message: expect.stringContaining(name) as string,
      details: { reason: "algorithms" },
    });
  }
});
