import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { buildImages } from "@otto/build";
import { layBusybox } from "@otto/lab";
import { afterAll, afterEach, beforeEach, expect, test } from "vitest";
import { type BuildRepo, build, createBuildRepo, parent } from "./local-build.js";

let repo: BuildRepo;
const children: ChildProcess[] = [];

beforeEach(async () => {
  repo = await createBuildRepo();
  await layBusybox(join(repo.root, "context/root"));
  await writeStep("sleep 1");
});

afterEach(async () => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
  await repo[Symbol.asyncDispose]();
});

afterAll(() => parent[Symbol.asyncDispose]());

/** Never the same step twice: it shall take its time. */
function writeStep(command: string): Promise<void> {
  const word = randomBytes(6).toString("hex");
  return repo.write("context/Dockerfile", `FROM scratch\nCOPY root /\nRUN : ${word}; ${command}\n`);
}

/** A process of its own that builds the repo and prints its events, one JSON a line. */
function startBuilder(who: string): { child: ChildProcess; events: string[]; done: Promise<unknown> } {
  const script = `
    import { buildImages } from "@otto/build";
    import { loadRepo } from "@otto/config";
    import { createLocalParent } from "@otto/hosts";
    const parent = createLocalParent({ id: "local", docker: { command: ["docker"] }, env: process.env });
    const print = (event) => console.log(JSON.stringify(event));
    await buildImages(await loadRepo(${JSON.stringify(repo.root)}, { home: "/" }), parent, { who: ${JSON.stringify(who)}, onEvent: print });
    await parent[Symbol.asyncDispose]();
  `;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  children.push(child);
  const events: string[] = [];
  createInterface({ input: child.stdout }).on("line", (line) => events.push(line));
  return { child, events, done: once(child, "close") };
}

const ofType = (events: readonly string[], type: string) =>
  events.filter((event) => event.includes(`"type":"${type}"`));

test("ten callers in one process share one build", async () => {
  const loaded = await repo.load();
  const events: string[] = [];
  const options = { onEvent: (event: { type: string }) => events.push(JSON.stringify(event)) };
  const results = await Promise.all(Array.from({ length: 10 }, () => buildImages(loaded, parent, options)));
  expect(ofType(events, "build.started")).toHaveLength(1);
  expect(results.map(({ api }) => api?.status).sort()).toEqual([...Array(9).fill("skipped"), "success"]);
});

test("ten callers in one process share one failure", async () => {
  await writeStep("sleep 1; exit 3");
  const loaded = await repo.load();
  const events: string[] = [];
  const options = { onEvent: (event: { type: string }) => events.push(JSON.stringify(event)) };
  const results = await Promise.all(Array.from({ length: 10 }, () => buildImages(loaded, parent, options)));
  expect(ofType(events, "build.started")).toHaveLength(1);
  expect(results.map(({ api }) => api?.status)).toEqual(Array(10).fill("failed"));
});

test("two processes share one build; the second shows whom it follows", async () => {
  await writeStep("sleep 3");
  const first = startBuilder("ann@work");
  await expect.poll(() => ofType(first.events, "build.started"), { timeout: 20_000 }).toHaveLength(1);
  const second = startBuilder("bob@home");
  await Promise.all([first.done, second.done]);
  expect(ofType(second.events, "build.started")).toEqual([]);
  expect(ofType(second.events, "build.waiting")).toEqual([expect.stringContaining('"who":"ann@work"')]);
  expect(ofType(second.events, "build.finished")).toEqual([expect.stringContaining('"source":"present"')]);
});

test("when the builder is killed, the one that waits builds", async () => {
  await writeStep("sleep 2");
  const first = startBuilder("victim");
  await expect.poll(() => ofType(first.events, "build.started"), { timeout: 20_000 }).toHaveLength(1);
  const second = startBuilder("heir");
  await expect.poll(() => ofType(second.events, "build.waiting"), { timeout: 20_000 }).toHaveLength(1);
  first.child.kill("SIGKILL");
  await second.done;
  expect(ofType(second.events, "build.finished")).toEqual([expect.stringContaining('"source":"built"')]);
});

test("when the first caller gives up, the next one builds", async () => {
  const loaded = await repo.load();
  const controller = new AbortController();
  const first = build(loaded, { signal: controller.signal });
  const second = build(loaded, { onEvent: (event) => event.type === "build.waiting" && controller.abort() });
  await expect(first).rejects.toMatchObject({ name: "AbortError" });
  expect((await second).result).toMatchObject({ status: "success", source: "built" });
});
