import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createdDuring, createSuiteRepo, finished, type SuiteRepo, vitest, vitests } from "./suite-repo.js";

let repo: SuiteRepo;
beforeEach(async () => {
  repo = await createRepo();
});
afterEach(async () => {
  await repo[Symbol.asyncDispose]();
});

const secret = "canary-of-a-secret";

async function createRepo(vitestPackage?: (typeof vitests)[number]): Promise<SuiteRepo> {
  const services = `  api: { image: "$IMAGE", init: true }
  web:
    image: "$IMAGE"
    command: ["sh", "-c", "echo web says hello; cat /run/secrets/token; echo; exec sleep infinity"]
    init: true
    secrets: [token]
secrets: { token: { file: token } }
`;
  const created = await createSuiteRepo(services, vitestPackage);
  await created.write("token", secret);
  await created.write("vitest.config.js", config());
  return created;
}

function config(more = ""): string {
  return `export default { test: { testTimeout: 300_000, hookTimeout: 300_000, teardownTimeout: 60_000, ${more} } };\n`;
}

/** A suite with the fixtures of these options. */
function suite(options: string, tests: string): string {
  return `import { existsSync, writeFileSync } from "node:fs";
import { test as base, expect } from "vitest";
import { stackFixtures } from "@otto/vitest";
const test = base.extend(stackFixtures(${options}));
${tests}
`;
}

const run = (...argv: string[]) => runIn(repo, ...argv);
const runIn = (place: SuiteRepo, ...argv: string[]) => finished(place.start([...vitest, "run", ...argv]));

test.each(vitests)("with %s a file gets its hosts, and the stack is gone after it", async (vitestPackage) => {
  await using place = await createRepo(vitestPackage);
  const tests = `test("a", async ({ hosts, lab, repo, stack }) => {
  expect((await hosts.api.exec("echo hello")).stdout.toString()).toBe("hello\\n");
  expect([lab.data.name, stack.repo === repo]).toEqual(["local", true]);
});
test("b", async ({ hosts }) => { expect((await hosts.web.exec("true")).exitCode).toBe(0); });
test("without a stack", () => {});`;
  await place.write("a.test.ts", suite('{ services: ["api", "web"] }', tests));
  expect(
    await createdDuring(place.project, async () => expect(await runIn(place)).toMatchObject({ exitCode: 0 })),
  ).toEqual(["api", "web"]);
  expect(await place.left()).toEqual([]);
});

test.each(vitests)(
  "with %s a failed test's report has the state of the container that failed and the stack's logs, for each reporter",
  async (vitestPackage) => {
    await using place = await createRepo(vitestPackage);
    const tests = `test("passes", async ({ hosts }) => { await hosts.api.exec("true"); });
test("fails", async ({ hosts }) => {
  await hosts.api.exec("echo api is broken >/proc/1/fd/1; kill -9 -1").catch(() => {});
  await expect.poll(async () => (await hosts.api.exec("true").catch(() => "gone")), { timeout: 60_000 }).toBe("gone");
  expect(1).toBe(2);
});`;
    await place.write("a.test.ts", suite("{}", tests));
    const files = ["--outputFile.json=out.json", "--outputFile.junit=out.xml"];
    const { exitCode, output } = await runIn(
      place,
      "--reporter=default",
      "--reporter=json",
      "--reporter=junit",
      ...files,
    );
    expect(exitCode).toBe(1);
    const report = await readFile(join(place.root, "out.json"), "utf8");
    const [passes, fails] = JSON.parse(report).testResults[0].assertionResults;
    expect(fails.failureMessages[0]).toContain("expected 1 to be 2");
    expect(fails.meta.otto).toMatchObject({
      project: place.project,
      containers: [
        { service: "api", state: "exited", exitCode: 137, isFailing: true, logs: "api is broken" },
        { service: "web", state: "running", isFailing: false, logs: "web says hello\n[redacted]" },
      ],
    });
    const shown = [output, fails.failureMessages[1], await readFile(join(place.root, "out.xml"), "utf8")];
    for (const text of shown) {
      expect(text).toContain(`api (${place.project}-api-1): exited (137)`);
      expect(text).toContain("| api is broken");
      expect(text).toContain("| web says hello");
    }
    const { directory, graph, logs } = fails.meta.otto.files;
    expect(directory).toBe(join(place.root, "test-results/otto", place.project, "a.test.ts-fails"));
    const page = await readFile(graph, "utf8");
    expect(page).toContain("exited (137)");
    expect(await readFile(logs[`${place.project}-api-1`], "utf8")).toBe("api is broken\n");
    const webLog = await readFile(logs[`${place.project}-web-1`], "utf8");
    expect(webLog).toBe("web says hello\n[redacted]\n");
    for (const text of [...shown, page, report]) expect(text).not.toContain(secret);
    for (const text of shown) expect(text).toContain(`graph of the stack: file://${graph}`);
    for (const text of shown) expect(text).toContain(`log of ${place.project}-api-1: ${directory}`);
    expect(passes).toMatchObject({ status: "passed", meta: {} });
    expect(await place.left()).toEqual([]);
  },
);

test("a suite that wants no files gets none, and its report all the same", async () => {
  const failing = 'test("fails", async ({ hosts }) => { await hosts.api.exec("true"); expect(1).toBe(2); });';
  await repo.write("a.test.ts", suite("{ reportDirectory: false }", failing));
  const { exitCode, output } = await run();
  expect([exitCode, output]).toEqual([1, expect.stringContaining("| web says hello")]);
  expect(output).not.toContain("graph of the stack");
  expect(existsSync(join(repo.root, "test-results"))).toBe(false);
});

test("a service that the stack has not is an error that names those it has", async () => {
  await repo.write("a.test.ts", suite('{ services: ["db"] }', 'test("a", async ({ hosts }) => { hosts.db; });'));
  const { exitCode, output } = await run();
  expect([exitCode, output]).toEqual([1, expect.stringContaining("Its services: api, web.")]);
  expect(await repo.left()).toEqual([]);
});

test("workers share one stack: who leaves does not take it from who stays", async () => {
  const leaving = `test("a", async ({ hosts }) => {
  await hosts.api.exec("true");
  writeFileSync("a.pid", String(process.pid));
  await expect.poll(() => existsSync("b.here"), { timeout: 200_000 }).toBe(true);
});`;
  const staying = `import { readFileSync } from "node:fs";
const isAlive = (pid) => { try { return process.kill(pid, 0); } catch { return false; } };
test("b", async ({ hosts }) => {
  await hosts.api.exec("touch /tmp/mark");
  writeFileSync("b.here", "");
  await expect.poll(() => existsSync("a.pid") && !isAlive(Number(readFileSync("a.pid", "utf8"))), { timeout: 200_000 }).toBe(true);
  expect((await hosts.api.exec("test -e /tmp/mark")).exitCode).toBe(0);
});`;
  await repo.write("a.test.ts", suite("{}", leaving));
  await repo.write("b.test.ts", suite("{}", staying));
  const created = await createdDuring(repo.project, async () => {
    expect(await run("--pool=forks", "--maxWorkers=2")).toMatchObject({ exitCode: 0 });
  });
  expect(created).toEqual(["api", "web"]);
  expect(await repo.left()).toEqual([]);
});

test.each([
  ["worker", "isolate: false, maxWorkers: 1, pool: 'threads'"],
  ["run", 'globalSetup: "./hold.js", maxWorkers: 1'],
])("in scope %s one stack serves files that follow each other", async (scope, more) => {
  await repo.write("vitest.config.js", config(more));
  await repo.write("hold.js", 'import { holdStack } from "@otto/vitest";\nexport default holdStack();\n');
  const tests = 'test("a", async ({ hosts }) => { expect((await hosts.api.exec("true")).exitCode).toBe(0); });';
  for (const file of ["a", "b", "c"]) await repo.write(`${file}.test.ts`, suite(`{ scope: "${scope}" }`, tests));
  const created = await createdDuring(repo.project, async () => expect(await run()).toMatchObject({ exitCode: 0 }));
  expect(created).toEqual(["api", "web"]);
  expect(await repo.left()).toEqual([]);
});

test("scope run without a set-up that holds the stack says how to write it", async () => {
  await repo.write("a.test.ts", suite('{ scope: "run" }', 'test("a", async ({ hosts }) => { hosts.api; });'));
  const { exitCode, output } = await run();
  expect([exitCode, output]).toEqual([1, expect.stringContaining("export default holdStack();")]);
});
