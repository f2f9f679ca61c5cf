// jiti translates this file on the way; `await using` is nothing that Node 20 knows.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { openStack, type SuiteStack } from "@otto/vitest";

const page = ["wget", "-q", "-O", "-", "http://127.0.0.1:8080/"];

test("a stack for one test", async () => {
  await using stack = await openStack({ services: ["api"] });
  const { stdout } = await stack.hosts.api.exec(page);
  assert.equal(stdout.toString(), "hello from node:test\n");
});

test("the same as a callback, for plain JavaScript", () =>
  // What this throws has the state of the containers and their logs as its cause.
  openStack({ services: ["api"] }, async ({ hosts }) => {
    assert.equal((await hosts.api.exec(page)).exitCode, 0);
  }));

describe("a stack for several tests", () => {
  let stack: SuiteStack<"api">;
  before(async () => {
    stack = await openStack({ services: ["api"] });
  });
  after(() => stack[Symbol.asyncDispose]());

  test("the first", async () => {
    await stack.hosts.api.exec("echo first >/marker");
  });

  test("the second sees what the first did", async () => {
    const { stdout } = await stack.hosts.api.exec(["cat", "/marker"]);
    assert.equal(stdout.toString(), "first\n");
  });
});
