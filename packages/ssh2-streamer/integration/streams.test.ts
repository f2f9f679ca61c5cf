import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { setTimeout as delay } from "node:timers/promises";
import { createMemoryGauge, type Lab, startLab } from "@otto/lab";
import { openSshSession, type SshSession } from "ssh2-streamer";
import { afterAll, beforeAll, expect, test } from "vitest";
import { routeTo } from "./lab-route.js";

let lab: Lab<"parent">;
let session: SshSession;

beforeAll(async () => {
  lab = await startLab({ hosts: { parent: {} } });
  session = openSshSession(routeTo(lab, "parent"));
  await session.connect();
});

afterAll(async () => {
  await session.close();
  await lab[Symbol.asyncDispose]();
});

test("2 GB of output read slowly stay out of memory", async () => {
  const size = 2 * 2 ** 30;
  const process_ = await session.spawn(["head", "-c", String(size), "/dev/zero"]);
  const heldBytes = createMemoryGauge();
  const before = heldBytes();
  let seen = 0;
  let most = 0;
  let pauses = 0;
  for await (const chunk of process_.stdout as AsyncIterable<Buffer>) {
    seen += chunk.length;
    if (seen / 2 ** 27 <= pauses) continue;
    pauses += 1;
    await delay(50);
    most = Math.max(most, heldBytes() - before);
  }
  expect([seen, pauses >= 15]).toEqual([size, true]);
  expect(most).toBeLessThan(64 * 2 ** 20);
  expect(await process_.exit).toEqual({ exitCode: 0 });
});

test("stdout ends when the server says so, while the process goes on", async () => {
  // sshd passes the end of stdout on when stderr has ended as well.
  const script = 'print "said\\n"; $| = 1; shutdown(STDOUT, 1); close(STDOUT); close(STDERR); exit(<STDIN>)';
  const process_ = await session.spawn(["perl", "-e", script]);
  expect(await text(process_.stdout)).toBe("said\n");
  process_.stdin.end("7\n");
  expect(await process_.exit).toEqual({ exitCode: 7 });
});

test("a command that does not read stops the source of its stdin", async () => {
  let given = 0;
  const source = new Readable({
    read() {
      given += 65536;
      this.push(given > 256 * 2 ** 20 ? null : Buffer.alloc(65536));
    },
  });
  const controller = new AbortController();
  const running = session.exec(["sleep", "60"], { stdin: source, signal: controller.signal });
  running.catch(() => {});
  let last = -1;
  while (last !== given || given <= 2 ** 20) {
    last = given;
    await delay(200);
  }
  controller.abort(new Error("enough"));
  await expect(running).rejects.toThrow("enough");
  expect(given).toBeLessThan(16 * 2 ** 20);
});

test("much stderr that nobody reads does not stop stdout's reader from ending the process", async () => {
  const process_ = await session.spawn(["sh", "-c", "head -c 10000000 /dev/zero >&2; echo done"]);
  process_.stderr.destroy();
  const hash = createHash("sha256");
  for await (const chunk of process_.stdout as AsyncIterable<Buffer>) hash.update(chunk);
  expect(hash.digest("hex")).toBe(createHash("sha256").update("done\n").digest("hex"));
});

test("a killed process tells its signal", async () => {
  const process_ = await session.spawn(["cat", "/dev/zero"]);
  await process_.stdout.take(1).toArray();
  process_.kill("SIGKILL");
  expect(await process_.exit).toMatchObject({ exitCode: undefined, signal: "SIGKILL" });
});
