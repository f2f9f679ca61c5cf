import { expect } from "vitest";
import { test } from "./stack-test.js";

test("another service gets the page", async ({ hosts }) => {
  const { exitCode, stdout } = await hosts.client.exec(["wget", "-q", "-O", "-", "http://api:8080/"]);
  expect([exitCode, stdout.toString()]).toEqual([0, "hello from a suite\n"]);
});

test("a page that is not there is an error", async ({ hosts }) => {
  const { exitCode, stderr } = await hosts.client.exec(["wget", "-O", "-", "http://api:8080/nope"]);
  expect(exitCode).toBe(1);
  expect(stderr.toString()).toContain("404 Not Found");
});
