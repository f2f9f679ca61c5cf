import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Repo } from "@otto/config";
import { Lab } from "@otto/host-registry";
import type { Parent } from "@otto/hosts";
import { afterEach, beforeEach, expect, test } from "vitest";
import { getUserComposeProject } from "./compose-project.js";
import { placeStack, projectNameOf } from "./stack-placement.js";

let root: string;
let repo: Repo;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "otto-placement-"));
  writeFileSync(
    join(root, "compose.yml"),
    "services: { api: { image: 'x:$TAG' }, own: { image: x, profiles: [own] }, ours: { image: x, profiles: [ours] } }\n",
  );
  repo = {
    name: "shop",
    root,
    docker: { images: [], composes: [{ path: join(root, "compose.yml"), profiles: ["ours"] }], registryUrl: undefined },
  } as unknown as Repo;
});
afterEach(() => rmSync(root, { recursive: true }));

const env = { OTTO_COMPOSE_SUFFIX: "ci", TAG: "7" };
const data = { name: "local", hosts: [], links: [], notes: [] };
const parent = { id: "pepper" } as Parent;
const openLab = () => new Lab({ data, repos: [], env, home: "/home/me" });

test("the project name is the caller's, else the user's", () => {
  expect(projectNameOf(repo, openLab(), { projectName: "mine" })).toBe("mine");
  expect(projectNameOf(repo, openLab(), {})).toBe(getUserComposeProject("shop", "ci"));
  expect(() => projectNameOf(repo, openLab(), { projectName: "" })).toThrow(
    expect.objectContaining({ code: "COMPOSE_PROJECT_INVALID" }),
  );
});

test("a stack is read under its name, with the caller's profiles beside those of the settings", async () => {
  const stack = await placeStack({ repo, parent }, openLab(), { projectName: "mine", profiles: ["own"] });
  expect(stack.project).toBe("mine");
  expect(stack.parent).toBe(parent);
  expect(stack.files.profiles).toEqual(["ours", "own"]);
  expect(stack.files.services.filter(({ enabled }) => enabled).map(({ name }) => name)).toEqual(["api", "own", "ours"]);
  expect(stack.files.environment).toEqual({ TAG: "7" });
});

test("without profiles of the caller those of the settings stay", async () => {
  const stack = await placeStack({ repo, parent }, openLab(), {});
  expect(stack.project).toBe("otto-shop-ci");
  expect(stack.files.services.filter(({ enabled }) => enabled).map(({ name }) => name)).toEqual(["api", "ours"]);
});
