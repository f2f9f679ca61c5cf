import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { createExecStdin } from "./exec-stdin.js";

test.each(["before", "after"])("who waits to write hears of a connection that was lost %s", async (when) => {
  const channel = new PassThrough();
  if (when === "before") channel.destroy();
  await new Promise(setImmediate);
  const stdin = createExecStdin(channel);
  if (when === "after") channel.destroy();
  await new Promise(setImmediate);
  expect(stdin.errored).toMatchObject({ code: "EPIPE" });
});
