import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createKeyPair } from "@otto/lab";
import ssh2 from "ssh2";
import { expect, test } from "vitest";
import { openBy, transports } from "./transports.js";

/** A server that accepts every command and closes its channel without telling how it ended. */
async function startServer() {
  const directory = await mkdtemp(join(tmpdir(), "otto-closed-"));
  const key = await createKeyPair("ed25519", join(directory, "key"));
  const server = new ssh2.Server({ hostKeys: [await readFile(key.privateKeyPath)] }, (client) => {
    client.on("error", () => {}).on("authentication", (asked) => asked.accept());
    client.on("session", (accept) => {
      accept().on("exec", (acceptExec) => {
        const channel = acceptExec();
        channel.write("some words");
        channel.end();
      });
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    directory,
    key,
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => {
      server.close();
      await rm(directory, { recursive: true });
    },
  };
}

test.each(transports)(
  "$name: a command whose channel is closed without an exit status has 255, as ssh says",
  async (transport) => {
    await using server = await startServer();
    const { port, directory, key } = server;
    const options = ["-F", "none", "-o", "StrictHostKeyChecking=no", "-o", `UserKnownHostsFile=${directory}/known`];
    const argv = [...options, "-i", key.privateKeyPath, "-p", String(port), "ada@127.0.0.1", "anything"];
    const { code, stdout } = await new Promise<{ code: unknown; stdout: string }>((resolve) => {
      execFile("ssh", argv, (error, output) => resolve({ code: error?.code ?? 0, stdout: output }));
    });
    expect({ code, stdout }).toEqual({ code: 255, stdout: "some words" });
    const credentials = [{ username: "ada", privateKeys: [{ path: key.privateKeyPath }] }] as const;
    const hostKey = { knownHosts: [join(directory, "known")] };
    await using session = openBy(transport, [{ name: "mute", host: "127.0.0.1", port, credentials, hostKey }]);
    const { exitCode, stdout: said } = await session.exec(["anything"]);
    expect({ exitCode, said: said.toString() }).toEqual({ exitCode: 255, said: "some words" });
  },
);
