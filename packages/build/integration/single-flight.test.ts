import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { type BuildEvent, buildImages } from "@otto/build";
import { layBusybox } from "@otto/lab";
import { afterAll, afterEach, beforeEach, expect, test } from "vitest";
import { createHeldStep, type HeldStep } from "./held-step.js";
import { type BuildRepo, build, createBuildRepo, parent } from "./local-build.js";

let repo: BuildRepo;
let step: HeldStep;
const children: ChildProcess[] = [];

beforeEach(async () => {
  repo = await createBuildRepo(`network = "host"\n`);
  await layBusybox(join(repo.root, "context/root"));
});

afterEach(async () => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
  await step[Symbol.asyncDispose]();
  await repo[Symbol.asyncDispose]();
});

afterAll(() => parent[Symbol.asyncDispose]());

/** The build lasts until the step is released. */
async function holdBuild(exitCode = 0): Promise<void> {
  step = await createHeldStep(exitCode);
  await repo.write("context/Dockerfile", `FROM scratch\nCOPY root /\n${step.line}`);
}

/** A process of its own that builds the repo and prints its events, one JSON a line. */
function startBuilder(who: string) {
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
  const lines = createInterface({ input: child.stdout }).on("line", (line) => events.push(line));
  const reach = async (type: string) => {
    while (ofType(events, type).length === 0) await once(lines, "line");
  };
  return { child, events, reach, done: once(child, "close") };
}

const ofType = (events: readonly string[], type: string) =>
  events.filter((event) => event.includes(`"type":"${type}"`));

/** Ten builds at once; the step ends when nine of them wait for the tenth. */
async function buildTenTimes() {
  const loaded = await repo.load();
  const types: string[] = [];
  const onEvent = ({ type }: BuildEvent) => {
    types.push(type);
    if (types.filter((seen) => seen === "build.waiting").length === 9) step.release();
  };
  const results = await Promise.all(Array.from({ length: 10 }, () => buildImages(loaded, parent, { onEvent })));
  expect(types.filter((type) => type === "build.started")).toHaveLength(1);
  return results.map(({ api }) => api?.status).sort();
}

test("ten callers in one process share one build", async () => {
  await holdBuild();
  expect(await buildTenTimes()).toEqual([...Array(9).fill("skipped"), "success"]);
});

test("ten callers in one process share one failure", async () => {
  await holdBuild(3);
  expect(await buildTenTimes()).toEqual(Array(10).fill("failed"));
});

test("two processes share one build; the second shows whom it follows", async () => {
  await holdBuild();
  const first = startBuilder("ann@work");
  await first.reach("build.started");
  const second = startBuilder("bob@home");
  await second.reach("build.waiting");
  step.release();
  await Promise.all([first.done, second.done]);
  expect(ofType(second.events, "build.started")).toEqual([]);
  expect(ofType(second.events, "build.waiting")).toEqual([expect.stringContaining('"who":"ann@work"')]);
  expect(ofType(second.events, "build.finished")).toEqual([expect.stringContaining('"source":"present"')]);
});

test("when the builder is killed, the one that waits builds", async () => {
  await holdBuild();
  const first = startBuilder("victim");
  await first.reach("build.started");
  const second = startBuilder("heir");
  await second.reach("build.waiting");
  first.child.kill("SIGKILL");
  await second.reach("build.started");
  step.release();
  await second.done;
  expect(ofType(second.events, "build.finished")).toEqual([expect.stringContaining('"source":"built"')]);
});

test("when the first caller gives up, the next one builds", async () => {
  await holdBuild();
  const loaded = await repo.load();
  const controller = new AbortController();
  let second: ReturnType<typeof build> | undefined;
  const follow = () =>
    build(loaded, {
      onEvent: ({ type }) => {
        if (type === "build.waiting") controller.abort();
        if (type === "build.started") step.release();
      },
    });
  const first = build(loaded, {
    signal: controller.signal,
    onEvent: ({ type }) => {
      if (type === "build.started") second = follow();
    },
  });
  await expect(first).rejects.toMatchObject({ name: "AbortError" });
  expect((await second)?.result).toMatchObject({ status: "success", source: "built" });
});
