import { expect } from "vitest";
import { test } from "./stack-test.js";

test("a host's shell keeps its directory between calls", async ({ hosts }) => {
  await hosts.api.run("cd /www");
  const { stdout } = await hosts.api.run("ls");
  expect(stdout.toString()).toBe("index.html\n");
});
