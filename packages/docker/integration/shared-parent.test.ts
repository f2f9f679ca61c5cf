import { execFile } from "node:child_process";
import { hostname, userInfo } from "node:os";
import { promisify } from "node:util";
import { composeDown, composeUp, type Lab, type Repo } from "@otto/docker";
import { readParentLog } from "@otto/hosts";
import { startLab } from "@otto/lab";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { createStackChildren, endOf, says } from "./stack-children.js";
import { left, nothing, type PlacedRepo, placeStackRepo } from "./stack-lab.js";

/*
 * What people who share a parent see of each other's stacks.
 */

const execute = promisify(execFile);
const compose = `services:
  api: { image: "$IMAGE", init: true, command: [sleep, inf] }
  web: { image: "$IMAGE", init: true, command: [sleep, inf] }
`;
const me = `${userInfo().username}@${hostname()}`;
const mine = `${me} (process ${process.pid})`;

let placed: PlacedRepo;
let lab: Lab;
let repo: Repo;
let home: string;
let logged: number;
const { start, killAll } = createStackChildren(() => ({ root: placed.stack.root, home }));

beforeAll(async () => {
  const running = await startLab({ hosts: { parent: {} } });
  home = running.directory;
  placed = await placeStackRepo(running, compose);
  ({ lab, repo } = placed);
  logged = 0;
  await git("init", "--quiet");
  await git("add", "--all");
  await git("-c", "user.name=ada", "-c", "user.email=ada@example.org", "commit", "--quiet", "--message", "a stack");
});

afterEach(async () => {
  killAll();
  await composeDown(repo, lab);
  await newLines();
});

afterAll(async () => {
  await placed[Symbol.asyncDispose]();
});

async function git(...words: readonly string[]): Promise<string> {
  return (await execute("git", ["-C", placed.stack.root, ...words])).stdout.trim();
}

/** What the parent's log says of the stack, since the last call. */
async function newLines() {
  const lines = (await readParentLog(lab.parent("parent"))).filter(({ project }) => project === placed.stack.project);
  const fresh = lines.slice(logged);
  logged = lines.length;
  return fresh.map(({ do: done, who, commit, text, failed, repo: name }) => {
    return { do: done, who, commit, text, failed, repo: name };
  });
}

async function labelsOf(service: string): Promise<Record<string, string>> {
  const filters = [`project=${placed.stack.project}`, `service=${service}`];
  const words = filters.flatMap((filter) => ["--filter", `label=com.docker.compose.${filter}`]);
  const { stdout: id } = await execute("docker", ["container", "ls", "--all", "--quiet", ...words]);
  const format = "{{json .Config.Labels}}";
  return JSON.parse((await execute("docker", ["container", "inspect", "--format", format, id.trim()])).stdout);
}

test("containers and the log of the parent say who brought what up, from which commit", async () => {
  const commit = await git("rev-parse", "HEAD");
  const common = { who: mine, repo: repo.name, failed: undefined };
  await composeUp(repo, lab);
  const labels = { "otto.user": me, "otto.repo": repo.name, "otto.commit": commit };
  expect(await labelsOf("api")).toMatchObject(labels);
  expect(await newLines()).toEqual([{ do: "up", ...common, commit, text: "2 services up" }]);

  await composeUp(repo, lab);
  const unchanged = "2 services up, nothing changed";
  expect(await newLines()).toEqual([{ do: "up", ...common, commit: undefined, text: unchanged }]);

  await placed.stack.write("compose.yml", compose.replace("web", "shop"));
  const dirty = { ...labels, "otto.commit": `${commit}-dirty` };
  await composeUp(repo, lab);
  expect([await labelsOf("api"), await labelsOf("shop")]).toMatchObject([labels, dirty]);
  expect(await newLines()).toMatchObject([{ do: "up", commit: `${commit}-dirty` }]);

  await composeDown(repo, lab, { services: ["shop"] });
  await composeDown(repo, lab);
  await composeDown(repo, lab);
  expect(await newLines()).toEqual([
    { do: "down", ...common, commit: undefined, text: "shop" },
    { do: "down", ...common, commit: undefined, text: undefined },
  ]);
  await git("checkout", "--quiet", ".");
});

test("an up that fails is in the log by its error's code, and nothing that a container wrote", async () => {
  await placed.stack.write("compose.yml", compose.replaceAll("sleep, inf", "sh, -c, echo canary; exit 3"));
  await expect(composeUp(repo, lab)).rejects.toMatchObject({ code: "COMPOSE_SERVICE_FAILED" });
  const lines = await newLines();
  expect(lines).toMatchObject([{ do: "up", failed: "COMPOSE_SERVICE_FAILED" }]);
  expect(JSON.stringify(lines)).not.toContain("canary");
  await git("checkout", "--quiet", ".");
});

test("what the parent takes down by itself after a holder was killed is in its log, too", async () => {
  const holder = start("use");
  await says(holder, "using");
  expect(await labelsOf("api")).toMatchObject({ "otto.owned": "true" });
  const exit = endOf(holder);
  holder.kill("SIGKILL");
  await exit;
  await expect.poll(() => left(placed.stack.project), { timeout: 20_000 }).toEqual(nothing);
  const who = `${me} (process ${holder.pid})`;
  const lines: Awaited<ReturnType<typeof newLines>> = [];
  await expect.poll(async () => lines.push(...(await newLines())), { timeout: 20_000 }).toBe(2);
  expect(lines).toMatchObject([
    { do: "up", who },
    { do: "down", who: `the clean-up after ${who}` },
  ]);
});
