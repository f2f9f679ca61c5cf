import { PassThrough, Writable } from "node:stream";
import { setImmediate } from "node:timers/promises";
import { expect, test } from "vitest";
import type { Parent } from "../parent/parent.js";
import { withRemoteLock } from "./remote-lock.js";

test("a link that is lost before the wait for a lock begins ends it", async () => {
  const lost = new Error("lost");
  const spawn = async () => {
    const [stdout, stderr] = [new PassThrough(), new PassThrough()];
    for (const stream of [stdout, stderr]) stream.on("error", () => {}).destroy(lost);
    const exit = Promise.reject(lost);
    exit.catch(() => {});
    await setImmediate();
    const stdin = new Writable({ write: (_chunk, _encoding, done) => done() });
    return { stdin, stdout, stderr, exit, kill: () => {}, resize: () => {} };
  };
  const parent = { id: "pepper", spawn } as unknown as Parent;
  await expect(withRemoteLock(parent, { name: "any", who: "ada" }, async () => {})).rejects.toThrow(lost);
});
