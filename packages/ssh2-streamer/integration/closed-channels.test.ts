import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createKeyPair } from "@otto/lab";
import ssh2, { type Connection, type ServerChannel, type Session } from "ssh2";
import type { SshEvent } from "ssh2-streamer";
import { expect, test } from "vitest";
import { openBy, transports } from "./transports.js";

/** A server that takes everybody. */
async function startServer(onSession: (session: Session, client: Connection) => void) {
  const directory = await mkdtemp(join(tmpdir(), "otto-closed-"));
  const key = await createKeyPair("ed25519", join(directory, "key"));
  const server = new ssh2.Server({ hostKeys: [await readFile(key.privateKeyPath)] }, (client) => {
    client.on("error", () => {}).on("authentication", (asked) => asked.accept());
    client.on("session", (accept) => onSession(accept(), client));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    directory,
    key,
    port,
    endpoint: {
      name: "mute",
      host: "127.0.0.1",
      port,
      credentials: [{ username: "ada", privateKeys: [{ path: key.privateKeyPath }] }],
      hostKey: { knownHosts: [], learn: { file: join(directory, "known") } },
    } as const,
    [Symbol.asyncDispose]: async () => {
      server.close();
      await rm(directory, { recursive: true });
    },
  };
}

test.each(transports)(
  "$name: a command whose channel is closed without an exit status has 255, as ssh says",
  async (transport) => {
    await using server = await startServer((session) => {
      session.on("exec", (accept) => {
        const channel = accept();
        channel.write("some words");
        channel.end();
      });
    });
    const { port, directory, key } = server;
    const options = ["-F", "none", "-o", "StrictHostKeyChecking=no", "-o", `UserKnownHostsFile=${directory}/known`];
    const argv = [...options, "-i", key.privateKeyPath, "-p", String(port), "ada@127.0.0.1", "anything"];
    const { code, stdout } = await new Promise<{ code: unknown; stdout: string }>((resolve) => {
      execFile("ssh", argv, (error, output) => resolve({ code: error?.code ?? 0, stdout: output }));
    });
    expect({ code, stdout }).toEqual({ code: 255, stdout: "some words" });
    await using session = openBy(transport, [server.endpoint]);
    const { exitCode, stdout: said } = await session.exec(["anything"]);
    expect({ exitCode, said: said.toString() }).toEqual({ exitCode: 255, said: "some words" });
  },
);

/** ssh2 has no call for it. */
function closeUnopened(session: Session, client: Connection): void {
  const { _protocol } = client as unknown as { readonly _protocol: { channelClose(id: number): void } };
  const { _chanInfo } = session as unknown as { readonly _chanInfo: { readonly outgoing: { readonly id: number } } };
  _protocol.channelClose(_chanInfo.outgoing.id);
}

test.each(transports)(
  "$name: a server that refuses to start a command beside others is at its limit",
  async (transport) => {
    const running = new Set<ServerChannel>();
    let [runs, open] = [0, 0];
    await using server = await startServer((session) => {
      open += 1;
      session.once("close", () => (open -= 1));
      session.on("exec", (accept, reject) => {
        if (running.size === 2) return reject();
        const channel = accept().resume();
        runs += 1;
        running.add(channel.once("close", () => running.delete(channel)));
        // As a command says that it runs.
        for (const stream of [channel, channel.stderr]) stream.write("<otto-process 7>\n");
        setTimeout(() => {
          channel.exit(0);
          channel.end();
        }, 100);
      });
    });
    const events: SshEvent[] = [];
    await using session = openBy(transport, [server.endpoint], { onEvent: (event) => events.push(event) });
    const results = await Promise.all(Array.from({ length: 9 }, () => session.exec(["anything"])));
    expect(results.map(({ exitCode }) => exitCode)).toEqual(results.map(() => 0));
    expect(events).toContainEqual({ type: "ssh.session-limit", hop: "mute", limit: 2 });
    // Those in which nothing was started are closed, too.
    expect(runs).toBe(9);
    await expect.poll(() => open).toBe(0);
  },
);

test.each(transports)(
  "$name: a command whose session is closed without a word may have run: it is not run again",
  async (transport) => {
    let asked = 0;
    await using server = await startServer((session, client) => {
      session.on("exec", () => {
        asked += 1;
        closeUnopened(session, client);
      });
    });
    await using session = openBy(transport, [server.endpoint]);
    const outcomes = await Promise.allSettled([1, 2, 3].map(() => session.exec(["anything"])));
    expect(outcomes).toMatchObject(outcomes.map(() => ({ reason: { code: "SSH_CHANNEL_REFUSED" } })));
    expect(asked).toBe(3);
  },
);

test.each(transports)(
  "$name: a server that starts no command for a while is asked again afterwards, as often as before",
  async (transport) => {
    let isSick = true;
    await using server = await startServer((session) => {
      session.on("exec", (accept, reject) => {
        if (isSick) return reject();
        const channel = accept().resume();
        for (const stream of [channel, channel.stderr]) stream.write("<otto-process 7>\n");
        channel.exit(0);
        channel.end();
      });
    });
    await using session = openBy(transport, [server.endpoint]);
    const outcomes: PromiseSettledResult<unknown>[] = [];
    for (let burst = 0; burst < 3; burst += 1)
      outcomes.push(...(await Promise.allSettled(Array.from({ length: 10 }, () => session.exec(["anything"])))));
    expect(outcomes).toMatchObject(outcomes.map(() => ({ reason: { code: "SSH_CHANNEL_REFUSED" } })));
    isSick = false;
    expect((await session.exec(["anything"])).exitCode).toBe(0);
  },
);
