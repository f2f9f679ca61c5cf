import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { type Lab, labJson, startLab } from "@otto/lab";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readEngineState } from "./engine-state.js";
import { runJson, runOtto } from "./otto-process.js";
import { createTestRepo, type TestRepo } from "./test-repo.js";

let lab: Lab<"bastion" | "parent">;
let repo: TestRepo;

beforeAll(async () => {
  lab = await startLab({ hosts: { bastion: {}, parent: { hop: "bastion" } } });
  repo = await createTestRepo({ OTTO_LAB: "veg" });
  await repo.write("lab.json", JSON.stringify(labJson(lab, "veg")));
});

afterAll(async () => {
  await repo[Symbol.asyncDispose]();
  await lab[Symbol.asyncDispose]();
});

const otto = (...argv: string[]) => runOtto(repo.place, argv);
const hostId = (service: string) => `parent.${repo.name}.${service}`;

/** Staged trees of this repo in the home of the parent's login, which is this machine's. */
async function stagedTrees(): Promise<string[]> {
  const { stdout } = await otto("host", "parent", "exec", "echo $HOME");
  const trees = await readdir(join(stdout.trim(), ".cache/otto/stacks")).catch(() => []);
  return trees.filter((tree) => tree.includes(repo.name));
}

// One story, told in order: each step is what a user types next.
test("the stack's whole life on a parent behind a bastion", { timeout: 240_000 }, async () => {
  expect((await otto("--list-hosts")).stdout.split("\n").map((line) => line.split(" ")[0])).toEqual([
    "bastion",
    "parent",
    hostId("api"),
    hostId("web"),
    "",
  ]);

  const tag = new RegExp(`^api {2}(built|cached) on parent → (${repo.name}-api:[0-9a-f]{16})\n$`);
  const built = await otto("docker", "build");
  expect([built.exitCode, tag.exec(built.stdout)?.[1]]).toEqual([0, "built"]);
  const again = await otto("docker", "build");
  expect([again.exitCode, tag.exec(again.stdout)?.[1]]).toEqual([0, "cached"]);
  expect(again.stderr).toBe("api  cached\n1 image ready on parent (via bastion): nothing changed\n");
  const { tags } = await readEngineState(repo.name);
  expect(tags).toEqual(expect.arrayContaining([tag.exec(again.stdout)?.[2], `${repo.name}-api:latest`]));
  expect(tags).toHaveLength(2);

  const up = await otto("docker", "up");
  expect(up.exitCode).toBe(0);
  expect(new Set(up.stdout.trim().split("\n"))).toEqual(
    new Set([`${hostId("api")}  running`, `${hostId("web")}  running`]),
  );
  expect(await stagedTrees()).toHaveLength(1);
  const { containers } = await readEngineState(repo.name);
  expect(containers).toEqual([`${repo.project}-api-1`, `${repo.project}-web-1`]);
  const ps = await otto("docker", "ps", "--all-stacks");
  expect(ps.stdout).toMatch(new RegExp(`^parent +${repo.project}-web-1 +${repo.name}-api:latest +Up `, "m"));

  expect(await otto("host", hostId("api"), "exec", "--", "cat", "/etc/marker")).toEqual({
    exitCode: 0,
    stdout: "first\n",
    stderr: "",
  });
  expect(await otto("host", hostId("api"), "exec", "cat /mounted/marker; echo oops >&2; exit 3")).toEqual({
    exitCode: 3,
    stdout: "first\n",
    stderr: "oops\n",
  });
  expect(await otto("host", hostId("web"), "run", "cd /etc", "cat marker", "false", "echo never")).toEqual({
    exitCode: 1,
    stdout: "first\n",
    stderr: "",
  });
  expect((await otto("host", "bastion", "exec", "echo $SSH_CONNECTION")).stdout).toMatch(/^127\.0\.0\.1 /);

  const down = await otto("docker", "down");
  expect(down.exitCode).toBe(0);
  expect(down.stderr).toMatch(/^web {2}stopping\n[\s\S]*\n2 services down on parent \(via bastion\) in [\d.]+ s\n$/);
  expect(await readEngineState(repo.name)).toMatchObject({ containers: [], networks: [] });
  expect(await stagedTrees()).toEqual([]);
  expect(await runJson(repo.place, ["docker", "down"])).toMatchObject({
    exitCode: 0,
    lines: [{ status: "skipped" }, { type: "summary", isChanged: false }, {}],
  });
  // A host that is not there brings its stack up.
  expect((await otto("host", hostId("api"), "exec", "cat", "/etc/marker")).stdout).toBe("first\n");
  expect((await otto("docker", "down")).exitCode).toBe(0);
  expect(await readEngineState(repo.name)).toMatchObject({ containers: [], networks: [] });
});
