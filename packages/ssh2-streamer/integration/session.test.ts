import { spawn } from "node:child_process";
import { EventEmitter, once } from "node:events";
import { readFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import { setTimeout as delay } from "node:timers/promises";
import { createMemoryGauge, createNoise, type Lab, startLab } from "@otto/lab";
import type { SshEvent } from "ssh2-streamer";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { routeTo } from "./lab-route.js";
import { testCapability } from "./suite/capability.js";
import { openBy, routeBy, transports } from "./transports.js";

let lab: Lab<"first" | "second" | "parent" | "counted" | "rekeying" | "impatient">;

beforeAll(async () => {
  lab = await startLab({
    hosts: {
      first: {},
      second: { hop: "first" },
      parent: { hop: "second" },
      counted: { proxy: {} },
      rekeying: { sshdConfig: ["RekeyLimit 1M", "Banner /etc/passwd", "Match all", "LogLevel DEBUG1"] },
      impatient: { sshdConfig: ["UnusedConnectionTimeout 1"] },
    },
  });
});

afterAll(() => lab[Symbol.asyncDispose]());

describe.each(transports)("$name", (transport) => {
  test("three machines take one handshake each, however many calls there are", async () => {
    const count = () =>
      Promise.all([lab.hosts.first, lab.hosts.second, lab.hosts.parent].map((host) => host.handshakes()));
    const before = await count();
    await using session = openBy(transport, routeTo(lab, "parent"));
    await Promise.all(Array.from({ length: 8 }, () => session.exec(["true"])));
    expect(await count()).toEqual(before.map((handshakes) => handshakes + 1));
  });

  test("512 MB of output read slowly stay out of memory", async () => {
    await using session = openBy(transport, routeTo(lab, "first"));
    const size = 2 ** 29;
    const started = await session.spawn(["head", "-c", String(size), "/dev/zero"]);
    const heldBytes = createMemoryGauge();
    const before = heldBytes();
    let [seen, most, pauses] = [0, 0, 0];
    for await (const chunk of started.stdout as AsyncIterable<Buffer>) {
      seen += chunk.length;
      if (seen / 2 ** 25 <= pauses) continue;
      pauses += 1;
      await delay(50);
      most = Math.max(most, heldBytes() - before);
    }
    expect([seen, pauses]).toEqual([size, 16]);
    expect(most).toBeLessThan(64 * 2 ** 20);
    expect(await started.exit).toEqual({ exitCode: 0 });
  });

  testCapability(
    transport.lacks,
    "compression",
    async () => {
      const input = Buffer.from("all work and no play\n".repeat(100_000));
      await using session = openBy(transport, routeTo(lab, "counted", { compress: true }));
      const before = lab.hosts.counted.proxy?.bytes.up ?? 0;
      const { stdout } = await session.exec(["cat"], { stdin: input });
      const sentBytes = (lab.hosts.counted.proxy?.bytes.up ?? 0) - before;
      return { isSame: stdout.equals(input), isMuchLess: sentBytes < input.length / 20 };
    },
    { isSame: true, isMuchLess: true },
  );

  test("new keys for each megabyte, and a banner before the login, change no byte of a command", async () => {
    const { logPath } = lab.hosts.rekeying;
    const countRekeyings = async () => (await readFile(logPath, "utf8")).match(/rekeying in/g)?.length ?? 0;
    const before = await countRekeyings();
    const stdin = createNoise(4 << 20);
    await using session = openBy(transport, routeTo(lab, "rekeying"));
    const { stdout, stderr } = await session.exec(["cat"], { stdin });
    expect([stdout.equals(stdin), stderr.toString()]).toEqual([true, ""]);
    expect((await countRekeyings()) - before).toBeGreaterThan(2);
  });

  test("a connection that the server ends because nothing runs on it is opened again by the next call", async () => {
    const before = await lab.hosts.impatient.handshakes();
    const events = new EventEmitter();
    const lost = once(events, "ssh.connection-lost");
    const onEvent = (event: SshEvent) => void events.emit(event.type, event);
    await using session = openBy(transport, routeTo(lab, "impatient"), { onEvent });
    await session.exec(["true"]);
    expect(await lost).toMatchObject([{ hop: "impatient", target: "impatient" }]);
    expect((await session.exec(["echo", "again"])).stdout.toString()).toBe("again\n");
    expect((await lab.hosts.impatient.handshakes()) - before).toBe(2);
  });

  test.each([
    ["closes its session", "close", ""],
    ["loses its connection", "lose", "SSH_CONNECTION_LOST\n"],
  ])("a program that %s ends by itself", async (_, way, said) => {
    const program = `
      import { openSshSession } from "ssh2-streamer";
      const route = JSON.parse(process.argv[1]);
      const session = openSshSession(route);
      await session.exec(["true"]);
      const stream = await session.dialSocket("/var/run/docker.sock");
      if (process.argv[2] === "lose") {
        await session.exec(["sh", "-c", "kill $PPID; sleep 5"]).catch((error) => console.log(error.code));
      }
      await session.close();`;
    const setting = JSON.stringify(routeBy(transport, routeTo(lab, "parent")));
    const args = ["--input-type=module", "-e", program, setting, way];
    const child = spawn(process.execPath, args, { cwd: import.meta.dirname, stdio: ["ignore", "pipe", "inherit"] });
    const exited = once(child, "exit");
    expect([await text(child.stdout), (await exited)[0]]).toEqual([said, 0]);
  });
});
