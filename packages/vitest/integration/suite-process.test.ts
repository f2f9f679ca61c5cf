import type { ChildProcess } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { engineEvent, engineTime } from "@otto/lab";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createSuiteRepo, finished, type SuiteRepo, vitest } from "./suite-repo.js";

/** More for a longer search: OTTO_KILLS=30. */
const kills = Number(process.env.OTTO_KILLS ?? 3);
let repo: SuiteRepo;
beforeEach(async () => {
  repo = await createSuiteRepo('  api: { image: "$IMAGE", init: true }\n');
  await repo.write("hold.js", 'import { holdStack } from "@otto/vitest";\nexport default holdStack();\n');
});
afterEach(async () => {
  await repo[Symbol.asyncDispose]();
});

const configure = (more: string) =>
  repo.write("vitest.config.js", `export default { test: { testTimeout: 300_000, hookTimeout: 300_000, ${more} } };\n`);

const suite = (scope: string, tests: string) => `import { writeFileSync } from "node:fs";
import { test as base, expect } from "vitest";
import { stackFixtures } from "@otto/vitest";
const test = base.extend(stackFixtures({ services: ["api"], scope: "${scope}" }));
${tests}
`;

/** Reads what a process says, from the start, until it has said `word`; the rest is read on. */
async function says(child: ChildProcess, word: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    let said = "";
    const onData = (chunk: Buffer) => {
      said += String(chunk);
      if (!said.includes(word)) return;
      child.stdout?.off("data", onData);
      child.stdout?.resume();
      resolve();
    };
    child.stdout?.on("data", onData);
    child.once("close", () => reject(new Error(`the process ended before it said ${word}; it said:\n${said}`)));
  });
}

const isAlive = (pid: number) => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

async function allGone(): Promise<void> {
  const left = async () => [...(await repo.left()), ...(await repo.networks())];
  await expect.poll(left).toEqual([]);
}

test.each([
  ["forks", "file"],
  ["threads", "worker"],
  ["forks", "run"],
])("nothing leaks when vitest is killed while a test runs (%s, scope %s)", async (pool, scope) => {
  await configure(`pool: "${pool}", ${scope === "run" ? 'globalSetup: "./hold.js"' : ""}`);
  const body =
    'await hosts.api.exec("true"); writeFileSync("pid", String(process.pid)); console.log("in the test"); await new Promise(() => {});';
  await repo.write("a.test.ts", suite(scope, `test("a", async ({ hosts }) => { ${body} });`));
  const child = repo.start([...vitest, "run"]);
  await says(child, "in the test");
  const worker = Number(await readFile(join(repo.root, "pid"), "utf8"));
  expect(await repo.left()).toHaveLength(1);
  child.kill("SIGKILL");
  await allGone();
  await expect.poll(() => isAlive(worker)).toBe(false);
});

test(
  "nothing leaks when vitest is killed while the stack comes up",
  async () => {
    await configure("");
    await repo.write(
      "a.test.ts",
      suite("file", 'test("a", async ({ hosts }) => { hosts.api; await new Promise(() => {}); });'),
    );
    for (let round = 0; round < kills; round += 1) {
      const startedAt = await engineTime();
      const child = repo.start([...vitest, "run"]);
      child.stdout?.resume();
      // From the first container's first moment to that of a stack that is up.
      await engineEvent(startedAt, [
        "type=container",
        "event=create",
        `label=com.docker.compose.project=${repo.project}`,
      ]);
      expect(await repo.left()).toHaveLength(1);
      await delay(round * (1500 / kills));
      child.kill("SIGKILL");
      await allGone();
    }
  },
  kills * 120_000,
);

test("in watch mode each run has the stack, and a held one stays up between them", async () => {
  await configure('globalSetup: "./hold.js"');
  const file = (round: number) =>
    suite("run", `test("a", async ({ hosts }) => { await hosts.api.exec("echo ${round} >>/tmp/rounds"); });`);
  await repo.write("a.test.ts", file(1));
  const child = repo.start([...vitest, "--watch"]);
  await says(child, "Waiting for file changes");
  const [container] = await repo.left();
  expect(container).toBe(`${repo.project}-api-1`);
  const passed = says(child, "1 passed");
  await repo.write(
    "a.test.ts",
    suite(
      "run",
      'test("a", async ({ hosts }) => { expect((await hosts.api.exec("cat /tmp/rounds")).stdout.toString()).toBe("1\\n"); });',
    ),
  );
  await passed;
  child.kill("SIGTERM");
  await allGone();
});

const nodeTest = `import assert from "node:assert/strict";
import { test } from "node:test";
import { openStack } from "@otto/vitest";

test("a scope", async () => {
  await using stack = await openStack({ services: ["api"] });
  assert.equal((await stack.hosts.api.exec("echo hello")).stdout.toString(), "hello\\n");
});

test("a callback", async () => {
  const { exitCode } = await openStack({ services: ["api"] }, ({ hosts }) => hosts.api.exec("exit 3"));
  assert.equal(exitCode, 3);
});

test("one that fails", () =>
  openStack({}, async ({ hosts }) => {
    await hosts.api.exec("echo api is broken >/proc/1/fd/1");
    throw new Error("no good");
  }));
`;

test("node:test has the stack by await using and by a callback, whose failure is told with the stack's logs", async () => {
  await repo.write("suite.test.ts", nodeTest);
  const argv = ["--import", "jiti/register", "--test", "--test-reporter=spec", "suite.test.ts"];
  const { exitCode, output } = await finished(repo.start(argv));
  expect([exitCode, output]).toMatchObject([1, expect.stringMatching(/pass 2\n.*fail 1\n/)]);
  expect(output).toContain("no good");
  expect(output).toContain("| api is broken");
  expect(await repo.left()).toEqual([]);
});
