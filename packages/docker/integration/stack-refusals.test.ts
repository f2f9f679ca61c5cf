import { mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { composeUp, type Lab, planComposeUp, type Repo } from "@otto/docker";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createStackRepo, type StackRepo } from "./stack-lab.js";

let stack: StackRepo;
let lab: Lab;
let repo: Repo;
let home: string;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "otto-home-"));
  stack = await createStackRepo("services: {}");
  await stack.write("data/large.txt", "large");
});

afterEach(async () => {
  await lab[Symbol.asyncDispose]();
  await stack[Symbol.asyncDispose]();
  await rm(home, { recursive: true });
});

const scratches = async () => (await readdir(tmpdir())).filter((name) => /^otto-[0-9a-f]{16}$/.test(name));

test.each([
  ["an unknown key", "nonsense: 1", /nonsense/],
  ["a policy that this compose does not know", "pull_policy: sometimes", /pull_policy/],
  ["an undeclared network", "networks: [absent]", /absent/],
  ["a port that is none", 'ports: ["x:80"]', /port/i],
])("%s is refused by the plan and by up, with the same words, before anything is sent", async (_, line, words) => {
  const service = `image: "$IMAGE"\n    volumes: ["./data:/data"]\n    ${line}`;
  await stack.write("compose.yml", `services:\n  a:\n    ${service}\n`);
  ({ lab, repo } = await stack.open(home));
  const events: string[] = [];
  const refusals = [
    await planComposeUp(repo, lab).catch((error: unknown) => error),
    await composeUp(repo, lab, { onEvent: ({ type }) => events.push(type) }).catch((error: unknown) => error),
  ];
  const refused = { code: "COMPOSE_UP_FAILED", message: expect.stringMatching(words) };
  expect(refusals).toEqual([expect.objectContaining(refused), expect.objectContaining(refused)]);
  expect((refusals[0] as Error).message).toBe((refusals[1] as Error).message);
  expect(events).not.toContain("compose.staged");
  const tree = join(process.env.HOME ?? "", ".cache/otto/stacks", stack.project);
  await expect(stat(tree)).rejects.toMatchObject({ code: "ENOENT" });
  expect(await scratches()).toEqual([]);
});
