import { type Lab, labJson, startLab } from "@otto/lab";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runJson, runOtto } from "./otto-process.js";
import { createTestRepo, type TestRepo } from "./test-repo.js";

let lab: Lab<"parent" | "db">;
let repo: TestRepo;
let other: TestRepo;

beforeAll(async () => {
  // A host that is called as a service.
  lab = await startLab({ hosts: { parent: {}, db: { dockerCapable: false } } });
  repo = await createTestRepo({ OTTO_LAB: "veg" });
  await repo.write("lab.json", JSON.stringify(labJson(lab, "veg")));
  const sleeper = { image: `${repo.name}-api:latest`, init: true };
  const services = { web: { ...sleeper, scale: 2 }, db: sleeper, both: sleeper };
  await repo.write("docker/compose.yml", JSON.stringify({ services }));
  other = await createTestRepo();
  await other.write("lab.json", JSON.stringify({ hosts: [], links: [] }));
  await other.write("docker/compose.yml", JSON.stringify({ services: { both: sleeper } }));
  const { exitCode, stderr } = await runOtto(repo.place, ["docker", "up"]);
  if (exitCode !== 0) throw new Error(stderr);
});

afterAll(async () => {
  for (const one of [other, repo, lab]) await one[Symbol.asyncDispose]();
});

/** The name that a container has for itself is the start of its id. */
const hostname = (name: string) => runOtto(repo.place, ["host", name, "exec", "hostname"]);

test.concurrent.each([
  ["web", "web"],
  ["web.2", "web.2"],
  ["REPO.web.2", "web.2"],
  ["REPO.db", "db"],
  ["both", "both"],
])("%s is the container host …%s", async (short, service) => {
  const [named, whole] = await Promise.all([
    hostname(short.replace("REPO", repo.name)),
    hostname(`parent.${repo.name}.${service}`),
  ]);
  expect(named).toEqual({ exitCode: 0, stdout: expect.stringMatching(/^[0-9a-f]{12}\n$/), stderr: "" });
  expect(named.stdout).toBe(whole.stdout);
});

test.concurrent("a host of the lab goes before a service of its name, and a warning says so", async ({ expect }) => {
  const { lines, exitCode } = await runJson(repo.place, ["host", "db", "exec", "echo $SSH_CONNECTION"]);
  expect(exitCode).toBe(0);
  expect(lines.at(-1)?.stdout).toMatch(/^127\./);
  expect(lines[0]).toMatchObject({
    type: "notice",
    level: "warn",
    text: expect.stringContaining(`parent.${repo.name}.db`),
  });
});

test.concurrent("a name that services of two repositories have is refused with the ids it may mean", async ({
  expect,
}) => {
  const env = {
    ...repo.place.env,
    OTTO_SUT_DIRS: `${repo.root}:${other.root}`,
    OTTO_TRUST: `${repo.root}:${other.root}`,
  };
  const { lines, exitCode } = await runJson({ ...repo.place, env }, ["host", "both", "logs"]);
  expect(exitCode).toBe(2);
  expect(lines[0]).toMatchObject({
    type: "error",
    code: "HOST_AMBIGUOUS",
    details: { candidates: [`parent.${repo.name}.both`, `parent.${other.name}.both`] },
  });
});

test.concurrent.each([
  ["wbe", "LAB_UNKNOWN_HOST", "Services: web, db, both."],
  ["web.3", "HOST_UNKNOWN", "Known container hosts"],
  ["constructor", "LAB_UNKNOWN_HOST", "Services: "],
  ["\u001b[31mweb", "LAB_UNKNOWN_HOST", "Services: "],
  ["web/../db", "HOST_UNKNOWN", "Known container hosts"],
])("%j is unknown: %s", async (name, code, hint) => {
  const { lines, exitCode, stdout } = await runJson(repo.place, ["host", name, "exec", "true"]);
  expect(exitCode).toBe(255);
  expect(lines[0]).toMatchObject({ type: "error", code, hint: expect.stringContaining(hint) });
  expect(stdout).not.toContain("\u001b");
});
