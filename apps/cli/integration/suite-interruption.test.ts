import { spawn } from "node:child_process";
import { symlink } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { readEngineState } from "./engine-state.js";
import { finished, launcher, lineOf } from "./otto-process.js";
import { createTestRepo } from "./test-repo.js";

const modules = fileURLToPath(new URL("../../../examples/suite/node_modules", import.meta.url));
const suite = `import { stackFixtures } from "@otto/vitest";
import { test as base } from "vitest";
const test = base.extend(stackFixtures({ services: ["api"] }));
test("waits", async ({ hosts }) => {
  await hosts.api.exec("true");
  console.log("in the test");
  await new Promise(() => {});
}, 300_000);
`;

test.each(["SIGINT", "SIGTERM"] as const)(
  "otto test takes the suite's stack down before it ends by %s",
  async (signal) => {
    await using repo = await createTestRepo();
    await symlink(modules, join(repo.root, "node_modules"));
    await repo.write("a.test.js", suite);
    const env = { PATH: process.env.PATH ?? "", ...repo.place.env };
    const child = spawn(process.execPath, [launcher, "test"], { cwd: repo.root, env, detached: true });
    const ended = finished(child);
    await lineOf(child.stdout, (line) => line.includes("in the test"));
    expect((await readEngineState(repo.name)).containers).toHaveLength(2);
    // A terminal signals all, a supervisor otto alone.
    process.kill(signal === "SIGINT" ? -(child.pid as number) : (child.pid as number), signal);
    expect((await ended).exitCode).toBe(signal === "SIGINT" ? 130 : 143);
    expect(await readEngineState(repo.name)).toMatchObject({ containers: [], networks: [] });
  },
);
