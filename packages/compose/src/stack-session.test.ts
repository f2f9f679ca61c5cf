import { execFileSync } from "node:child_process";
import { Readable } from "node:stream";
import { setImmediate } from "node:timers/promises";
import { createLocalParent, type Parent } from "@otto/hosts";
import { expect, test } from "vitest";
import { openStackSession } from "./stack-session.js";

const project = `otto-session-${process.pid}`;

function openParent(): Parent {
  return createLocalParent({
    id: "local",
    docker: { command: ["docker"], stagingRoot: undefined },
    socketPath: undefined,
    env: process.env,
  });
}

test("an abort while its process starts ends the wait for a lock that another holds", async () => {
  await using parent = openParent();
  await using _holder = await openStackSession(parent, { project, who: "holder" });
  const controller = new AbortController();
  const aborting: Parent = {
    ...parent,
    spawn: async (argv, options) => {
      const process = await parent.spawn(argv, options);
      controller.abort();
      return process;
    },
  };
  const waiting = openStackSession(aborting, { project, who: "waiter", signal: controller.signal });
  await expect(waiting).rejects.toMatchObject({ name: "AbortError" });
});

test("a process that starts after the abort is let go", async () => {
  await using parent = openParent();
  let start = () => {};
  const started = new Promise<void>((resolve) => {
    start = resolve;
  });
  let exit: Promise<unknown> | undefined;
  const late: Parent = {
    ...parent,
    spawn: async (argv, options) => {
      await started;
      const process = await parent.spawn(argv, options);
      exit = process.exit;
      return process;
    },
  };
  const controller = new AbortController();
  const opening = openStackSession(late, { project: undefined, who: "", signal: controller.signal });
  controller.abort();
  await expect(opening).rejects.toMatchObject({ name: "AbortError" });
  start();
  await expect.poll(() => exit).toBeDefined();
  await exit;
});

test("a command after one whose input broke has an answer of its own", async () => {
  await using parent = openParent();
  await using session = await openStackSession(parent, { project: undefined, who: "" });
  const input = new Readable({ read: () => {} }).on("error", () => {});
  const fed = session.run("cat", { input });
  input.destroy(new Error("broken"));
  await expect(fed).rejects.toThrow("broken");
  const next = session.run("echo next");
  await setImmediate();
  // Whatever is answered meanwhile comes in one piece.
  execFileSync("sleep", ["0.5"]);
  expect(await next).toEqual({ exitCode: 0, output: "next\n" });
});
