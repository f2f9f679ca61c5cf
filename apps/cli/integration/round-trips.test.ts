import { type Lab, labJson, startLab } from "@otto/lab";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runOtto } from "./otto-process.js";
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
  await runAll("up", "--on", "parent");
});
afterAll(async () => {
  await repo[Symbol.asyncDispose]();
  await lab[Symbol.asyncDispose]();
});

async function runAll(...words: readonly string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await runOtto(repo.place, ["docker", ...words]);
  expect(exitCode, stderr).toBe(0);
  return stdout;
}

/** Round trips of a command, and how many connections it made. */
async function count(on: "parent" | "inner", words: readonly string[]) {
  const { proxy } = on === "parent" ? lab.hosts.parent : lab.hosts.bastion;
  if (proxy === undefined) throw new TypeError("no proxy counts");
  const before = { trips: proxy.roundTrips, connections: proxy.connections };
  const said = await runAll(...words, "--on", on);
  return { said, trips: proxy.roundTrips - before.trips, connections: proxy.connections - before.connections };
}

test.each([
  { words: ["build"], atMost: 2, says: "cached" },
  { words: ["ps"], atMost: 2, says: "running" },
  { words: ["ps", "--all-stacks"], atMost: 2, says: "Up" },
  { words: ["up"], atMost: 5, says: "nothing changed" },
])("after the login, $words where nothing changed waits at most $atMost times", async ({ words, atMost, says }) => {
  for (const [on, login] of [
    ["parent", direct],
    ["inner", behind],
  ] as const) {
    const { said, trips, connections } = await count(on, words);
    expect(said).toContain(says);
    expect([on, trips, connections]).toEqual([
      on,
      expect.toSatisfy((it: number) => it > login && it <= login + atMost),
      1,
    ]);
  }
});
