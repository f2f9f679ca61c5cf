import { type Lab, type LabProxy, labJson, startLab } from "@otto/lab";
import { afterAll, beforeAll, expect, test } from "vitest";
import { finished, startOtto } from "./otto-process.js";
import { createTestRepo, type TestRepo } from "./test-repo.js";

/** Of a login by a key, and of one behind a bastion, which has a channel to open between two logins. */
const direct = 3;
const behind = 3 + 1 + 3;

let lab: Lab<"bastion" | "inner" | "parent">;
let repo: TestRepo;
beforeAll(async () => {
  // The longer the delay, the surer are requests that are sent together seen to be so on a busy machine.
  const proxy = { delayMs: 100 };
  lab = await startLab({ hosts: { parent: { proxy }, bastion: { proxy }, inner: { hop: "bastion" } } });
  repo = await createTestRepo({ OTTO_LAB: "veg" });
  await repo.write("lab.json", JSON.stringify(labJson(lab, "veg")));
  await run("parent", ["up"]);
});
afterAll(async () => {
  await repo[Symbol.asyncDispose]();
  await lab[Symbol.asyncDispose]();
});

async function run(on: string, words: readonly string[]) {
  const child = startOtto(repo.place, ["docker", ...words, "--on", on]);
  let atResult = Number.NaN;
  // What follows a result is a goodbye that nobody waits for.
  child.stdout?.once("data", () => {
    atResult = proxyOf(on).roundTrips;
  });
  const { exitCode, stdout, stderr } = await finished(child);
  expect(exitCode, stderr).toBe(0);
  return { said: stdout + stderr, atResult };
}

function proxyOf(on: string): LabProxy {
  const { proxy } = lab.hosts[on === "parent" ? "parent" : "bastion"];
  if (proxy === undefined) throw new TypeError("no proxy counts");
  return proxy;
}

/** How often a command waits for the server until it prints its result, and how many connections it makes. */
async function count(on: string, words: readonly string[]) {
  const { roundTrips, connections } = proxyOf(on);
  const { said, atResult } = await run(on, words);
  return { said, trips: atResult - roundTrips, connections: proxyOf(on).connections - connections };
}

test.each([
  { words: ["build"], atMost: 2, says: "cached" },
  { words: ["ps"], atMost: 2, says: "running" },
  { words: ["ps", "--all-stacks"], atMost: 2, says: "Up" },
  { words: ["up"], atMost: 6, says: "nothing changed" },
])("after the login, $words where nothing changed waits at most $atMost times", async ({ words, atMost, says }) => {
  for (const [on, login] of [
    ["parent", direct],
    ["inner", behind],
  ] as const) {
    // Both parents are one engine, and each has staged files of its own.
    if (words[0] === "up") await run(on, words);
    const { said, trips, connections } = await count(on, words);
    expect(said).toContain(says);
    expect([on, trips, connections]).toEqual([
      on,
      expect.toSatisfy((it: number) => it > login && it <= login + atMost),
      1,
    ]);
  }
});
