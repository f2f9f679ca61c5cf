import { PassThrough } from "node:stream";
import type { Parent } from "@otto/hosts";
import { expect, test } from "vitest";
import { holdLease } from "./stack-lease.js";

test("what a listener throws while the lease is waited for rejects the call, and lets the process go", async () => {
  const process = { stdin: new PassThrough(), stdout: new PassThrough(), stderr: new PassThrough() };
  const parent = {
    id: "pepper",
    docker: { command: ["docker"] },
    spawn: async () => ({ ...process, exit: new Promise(() => {}) }),
  } as unknown as Parent;
  const onWaiting = () => {
    throw new Error("listener");
  };
  const held = holdLease({ parent, project: "shop" }, { who: "ann", onWaiting });
  process.stdout.write("waiting 1767225600 1000 42 bob\n");
  await expect(held).rejects.toThrow("listener");
  expect(process.stdin.read()?.toString()).toBe("release\n");
});
