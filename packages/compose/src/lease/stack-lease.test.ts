import { PassThrough } from "node:stream";
import { quoteWord } from "@otto/errors";
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
  // Without a length, Node 26 reads one piece.
  const { stdin } = process;
  expect(stdin.read(stdin.readableLength)?.toString()).toMatch(/\n# otto-leaserelease\n$/);
});

test("the command is short enough for Dropbear, which ends a connection that sends 9000 bytes", async () => {
  let sent = "";
  const parent = {
    id: "pepper",
    docker: { command: ["sudo", "-n", "docker"], stagingRoot: `/srv/${"s".repeat(200)}` },
    spawn: async (argv: readonly string[]) => {
      sent = argv.map(quoteWord).join(" ");
      throw new Error("sent");
    },
  } as unknown as Parent;
  const held = holdLease({ parent, project: `otto-${"p".repeat(100)}-ci` }, { who: "ann" });
  await expect(held).rejects.toThrow("sent");
  // What goes around it and what a login shell needs escaped comes on top.
  expect(Buffer.byteLength(sent)).toBeLessThan(1000);
});
