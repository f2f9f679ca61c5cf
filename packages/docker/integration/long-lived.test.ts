import { execFile } from "node:child_process";
import { readdir } from "node:fs/promises";
import { promisify } from "node:util";
import {
  buildImages,
  composeDown,
  composePs,
  composeUp,
  getUserComposeProject,
  type Lab,
  openLab,
  type Repo,
} from "@otto/docker";
import { findGrowth, type LongWork, type Lab as RunningLab, startLab } from "@otto/lab";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { createDemoRepo, type DemoRepo } from "./demo-repo.js";

const execute = promisify(execFile);
/** `OTTO_UPS=60 OTTO_BUILDS=100 OTTO_LABS=50` is a long run. */
const ups = Number(process.env.OTTO_UPS ?? 1);
const builds = Number(process.env.OTTO_BUILDS ?? 1);
const labs = Number(process.env.OTTO_LABS ?? 3);
let running: RunningLab<"direct" | "narrow">;
let demo: DemoRepo;

beforeAll(async () => {
  const narrow = { maxSessions: 1, allowTcpForwarding: false, allowStreamLocalForwarding: false };
  running = await startLab({ hosts: { direct: {}, narrow } });
});

afterAll(async () => {
  await running[Symbol.asyncDispose]();
});

beforeEach(async () => {
  demo = await createDemoRepo(running);
});

afterEach(async () => {
  const ids = await listed("image", "ls", "--all", `label=otto.repo=${demo.name}`);
  if (ids.length > 0) await execute("docker", ["image", "rm", "--force", ...new Set(ids)]);
  await demo[Symbol.asyncDispose]();
});

async function listed(...words: readonly string[]): Promise<string[]> {
  const { stdout } = await execute("docker", [...words.slice(0, -1), "--quiet", "--filter", words.at(-1) ?? ""]);
  return stdout.split("\n").filter((id) => id !== "");
}

/** What of the repo is on the engine, and the files in the homes of this machine and both hosts. */
async function countLeft(): Promise<Record<string, number>> {
  const project = `label=com.docker.compose.project=${getUserComposeProject(demo.name, "ci")}`;
  const images = await listed("image", "ls", "--all", `label=otto.repo=${demo.name}`);
  const unnamed = await Promise.all(images.map(tagsOf));
  return {
    containers: (await listed("container", "ls", "--all", project)).length,
    networks: (await listed("network", "ls", project)).length,
    volumes: (await listed("volume", "ls", project)).length,
    unnamedImages: unnamed.filter((tags) => tags === "[]").length,
    files: (await readdir(running.directory, { recursive: true })).length,
  };
}

async function tagsOf(image: string): Promise<string> {
  return (await execute("docker", ["image", "inspect", "--format", "{{json .RepoTags}}", image])).stdout.trim();
}

/** The lab of both hosts. This machine's home, as theirs, is in the directory of the lab. */
function open(): Promise<Lab> {
  const env = { ...process.env, HOME: running.directory, OTTO_COMPOSE_SUFFIX: "ci", OTTO_LAB: undefined };
  return openLab({ cwd: demo.root, env, home: running.directory, lab: "lab", trusted: [demo.root] });
}

test.each(["direct", "narrow"])(
  "a process that lives long gathers nothing by stacks, builds and labs (%s)",
  async (on) => {
    await using lab = await open();
    const repo = lab.repos[0] as Repo;
    const parent = lab.parentFor(repo, on);
    const { directory } = running;
    const { signal } = new AbortController();
    const exec = () => parent.exec(["true"], { signal });
    let edits = 0;
    const works = new Map<string, LongWork>([
      ["up and down", { times: ups, work: upAndDown }],
      ["an image built", { times: builds, work: build }],
      ["a lab opened and closed", { times: labs, work: openFurther }],
    ]);
    expect(await findGrowth({ directory, signal, exec, works, count: countLeft })).toEqual([]);

    async function upAndDown() {
      const { api } = await composeUp(repo, lab, { on, signal });
      expect(await api?.exec(["true"], { signal })).toMatchObject({ exitCode: 0 });
      expect(await api?.run("true", { signal })).toMatchObject({ exitCode: 0 });
      expect(await composeDown(repo, lab, { on, signal })).toMatchObject({ status: "success" });
    }

    async function build() {
      edits += 1;
      await demo.write("docker/marker", `${edits}\n`);
      expect(await buildImages(repo, parent, { signal })).toMatchObject({ api: { status: "success" } });
    }

    async function openFurther() {
      await using further = await open();
      const again = further.parentFor(repo, on);
      await again.exec(["true"], { signal });
      expect(await composePs(again, { signal })).not.toContainEqual(expect.objectContaining({ repo: demo.name }));
    }
  },
  60 * 60_000,
);
