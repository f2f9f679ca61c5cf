import { afterEach, beforeEach, expect, test } from "vitest";
import { readEngineState } from "./engine-state.js";
import { runJson, runOtto } from "./otto-process.js";
import { createTestRepo, settings, type TestRepo } from "./test-repo.js";

let repo: TestRepo;

// The lab that has the default host is not chosen, so it is `local`.
beforeEach(async () => {
  repo = await createTestRepo();
  await repo.write(".otto/settings.toml", settings(repo.name, 'default_host = "pepper"\n'));
});

afterEach(() => repo[Symbol.asyncDispose]());

const otto = (...argv: readonly string[]) => runOtto(repo.place, argv);
const containers = async () => (await readEngineState(repo.name)).containers;
const missing = "its default host pepper is not in the lab local";

test("without its default host, down takes nothing away, and the rest says where it is done", async () => {
  const planned = await otto("docker", "up", "--dry-run");
  expect(planned).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(`^${repo.name} on local\n`) });
  const built = await otto("docker", "build");
  expect(built.stdout).toMatch(/^api {2}built on local → /);
  const up = await otto("docker", "up");
  for (const { stderr } of [planned, built, up]) expect(stderr).toContain(`${missing}: local is used instead`);
  const running = [`${repo.project}-api-1`, `${repo.project}-web-1`];
  expect(await containers()).toEqual(running);

  for (const more of [[], ["--volumes"], ["--dry-run"]]) {
    const refused = await otto("docker", "down", ...more);
    expect(refused).toMatchObject({ exitCode: 2, stdout: "" });
    expect(refused.stderr).toContain(`taking ${repo.name} down on local: ${missing}`);
    expect(refused.stderr).toContain("--on local");
  }
  const { lines } = await runJson(repo.place, ["docker", "down"]);
  expect(lines.find(({ type }) => type === "error")).toMatchObject({ code: "LAB_DEFAULT_HOST_MISSING" });
  expect(await containers()).toEqual(running);

  const steps = await otto("docker", "down", "--on", "local", "--dry-run");
  expect(steps).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(`^${repo.name} on local\nremove `) });
  const down = await otto("docker", "down", "--on", "local");
  expect(down).toMatchObject({ exitCode: 0, stdout: `${repo.name}  ${repo.project} is down on local\n` });
  expect(down.stderr).toMatch(/\d services? down on local in [\d.]+ s\n$/);
  expect(await containers()).toEqual([]);
});
