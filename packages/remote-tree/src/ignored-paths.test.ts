import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { keptDirectories, measureIgnored } from "./ignored-paths.js";
import { parseSentTree } from "./sent-tree.js";
import type { LocalTreeFile } from "./tree-entry.js";
import { listTree } from "./tree-listing.js";
import { planTree } from "./tree-plan.js";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "otto-ignored-"));
  lay("a", ".git/HEAD", ".git/objects/1", "lib/node_modules/m/index.js", "lib/main.js", "node_modules/m/index.js");
  lay("node_modules/keep/x", "logs/1.log", "logs/sub/2.log", "logs/read.me", "caf\u00e9/*/x");
  symlinkSync("nowhere", join(root, "logs/link"));
});
afterEach(() => rmSync(root, { recursive: true }));

function lay(...paths: readonly string[]): void {
  for (const path of paths) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), path);
  }
}

const mount = (...ignore: readonly string[]): LocalTreeFile => ({
  ...{ kind: "bind", localPath: root, remotePath: "repo/web" },
  ignore,
});
const inMount = (path: string) => path.slice("repo/web/".length);

/** Files and links, as GNU tar packs the same directory. */
function packed(...options: readonly string[]): string[] {
  const tar = execFileSync("tar", ["-c", "-C", root, ...options, "."]);
  const names = execFileSync("tar", ["-t", "--quoting-style=literal"], { input: tar }).toString().split("\n");
  return names.filter((name) => name !== "" && !name.endsWith("/")).map((name) => name.slice("./".length));
}

test.each<[string, readonly string[], readonly string[]]>([
  ["nothing", [], []],
  [
    "a directory at the top",
    [".git", "/node_modules/"],
    ["--anchored", "--exclude=./.git", "--exclude=./node_modules"],
  ],
  ["a name at any depth", ["# modules", "", "**/node_modules"], ["--exclude=node_modules"]],
  ["files by a wildcard", ["logs/**/*.log"], ["--exclude=./logs/*.log"]],
  ["all", ["*"], ["--exclude=./*"]],
])("of a mount that ignores %s the same is sent as tar packs", async (_, ignore, options) => {
  const { entries } = await listTree([mount(...ignore)]);
  const sent = entries.filter(({ kind }) => kind !== "directory").map(({ path }) => inMount(path));
  expect(sent.sort()).toEqual(packed(...options).sort());
  const others = packed().filter((path) => !sent.includes(path));
  const bytes = others.filter((path) => path !== "logs/link").reduce((sum, path) => sum + Buffer.byteLength(path), 0);
  expect(await measureIgnored([mount(...ignore)], { entries })).toMatchObject([{ files: others.length, bytes }]);
});

test("a later pattern brings something back, with the directories on the way to it", async () => {
  const rules = mount("node_modules", "!node_modules/keep");
  const { entries, isIgnored } = await listTree([rules]);
  const paths = entries.map(({ path }) => inMount(path));
  expect(paths).toContain("node_modules/keep/x");
  expect(paths).not.toContain("node_modules/m/index.js");
  const asked = ["node_modules/keep", "node_modules/m", "node_modules/new/x", "lib/node_modules"];
  expect(asked.map((path) => isIgnored(`repo/web/${path}`))).toEqual([false, true, true, false]);
  expect([isIgnored("repo/node_modules"), isIgnored("repo/web"), isIgnored("repo/webnode_modules")]).toEqual(
    Array(3).fill(false),
  );
});

test("what another mount or an env file names is sent all the same, and not counted", async () => {
  const file = { kind: "env_file", localPath: join(root, ".git/HEAD"), remotePath: "repo/web/.git/HEAD" };
  const other = { kind: "bind", localPath: join(root, "logs"), remotePath: "repo/web/logs" };
  const all = [mount(".git", "logs"), file, other];
  const { entries } = await listTree(all);
  const sent = entries.filter(({ kind }) => kind !== "directory").map(({ path }) => inMount(path));
  expect(sent).toEqual(expect.arrayContaining([".git/HEAD", "logs/1.log", "logs/link"]));
  expect(sent).not.toContain(".git/objects/1");
  expect(await measureIgnored(all, { entries })).toEqual([
    { remotePath: "repo/web", patterns: [".git", "logs"], files: 1, bytes: ".git/objects/1".length },
  ]);
});

test("files that were sent before go, their directories stay as those of a container's mounts until the tree goes", async () => {
  const before = planTree((await listTree([mount()])).entries, parseSentTree("")).wanted;
  const sent = { entries: before, shared: ["repo/web"] };
  const listing = await listTree([mount("node_modules")]);
  const kept = keptDirectories(listing, sent);
  const plan = planTree([...listing.entries, ...kept], sent, ["repo/web"]);
  expect(plan.remove.map(({ path }) => inMount(path))).toEqual(["node_modules/m/index.js", "node_modules/keep/x"]);
  expect(plan.remove.every(({ known }) => known?.length === 1)).toBe(true);
  const again = { entries: plan.wanted, shared: ["repo/web"] };
  const settled = planTree([...listing.entries, ...keptDirectories(listing, again)], again, ["repo/web"]);
  expect([settled.make, settled.send, settled.remove]).toEqual([[], [], []]);
  // After a `down` nothing is mounted: they are not made anew.
  const down = parseSentTree(JSON.stringify({ schema: 2, ...again }), "down\0");
  expect(keptDirectories(listing, down)).toEqual([]);
});

test.each<[string, (place: string) => void]>([
  ["nothing", () => {}],
  ["a file", (place) => writeFileSync(place, "")],
  ["a link", (place) => symlinkSync("logs", place)],
])("a directory that was sent and is ignored goes with the one above it, where there is %s now", async (_, lie) => {
  const before = planTree((await listTree([mount()])).entries, parseSentTree("")).wanted;
  const rules = [mount("**/node_modules")];
  const listing = await listTree(rules);
  const kept = keptDirectories(listing, { entries: before, shared: ["repo/web"] });
  expect(kept.map(({ path }) => inMount(path))).toContain("lib/node_modules/m");
  rmSync(join(root, "lib"), { recursive: true });
  lie(join(root, "lib"));
  const sent = { entries: planTree([...listing.entries, ...kept], parseSentTree("")).wanted, shared: ["repo/web"] };
  const after = await listTree(rules);
  const plan = planTree([...after.entries, ...keptDirectories(after, sent)], sent, ["repo/web"]);
  expect(plan.remove.map(({ path }) => inMount(path))).toEqual([
    "lib/node_modules/m",
    "lib/node_modules",
    "lib/main.js",
    "lib",
  ]);
});

test("a pattern that Docker refuses is refused by its own words", async () => {
  await expect(listTree([mount("a[")])).rejects.toMatchObject({ code: "IGNORE_PATTERN_INVALID" });
});
