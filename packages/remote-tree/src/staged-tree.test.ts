import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { RemoteShell } from "./remote-shell.js";
import { nothingSent, parseSentTree } from "./sent-tree.js";
import { removeTree, type StagedTree, stagedDirectoryScript, updateTree } from "./staged-tree.js";
import type { TreeEntry } from "./tree-entry.js";
import { listTree } from "./tree-listing.js";
import { planTree } from "./tree-plan.js";
import { formatApplyScript } from "./tree-script.js";

let home: string;
let tree: StagedTree;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "otto-staged-"));
  tree = { shell: localShell, remoteDir: join(home, "stack"), host: "here", docker: ["docker"] };
});
afterEach(() => rmSync(home, { recursive: true }));

/** This machine's own shell, with the umask of most logins. */
const localShell: RemoteShell = {
  run: async (script, { input } = {}) => {
    const child = spawn("sh", ["-c", `umask 022\n${script}`], { stdio: ["pipe", "pipe", "inherit"] });
    // A script that fails reads no more of it.
    const feeding = input === undefined ? child.stdin.end() : pipeline(input, child.stdin).catch(() => {});
    const [output, [exitCode]] = await Promise.all([text(child.stdout), once(child, "close"), feeding]);
    return { output, exitCode: exitCode as number };
  },
};

const modeOf = (path: string) => (statSync(path).mode & 0o777).toString(8);
const staged = (path: string) => join(tree.remoteDir, path);
const planOf = async (texts: Readonly<Record<string, string>>, mounts: readonly string[] = []) => {
  const files = Object.entries(texts).map(([remotePath, content]) => ({ remotePath, content }));
  return planTree((await listTree(files)).entries, nothingSent, mounts);
};

test("only the login may enter the tree, even where a directory that others may enter is there before", async () => {
  mkdirSync(tree.remoteDir, { mode: 0o755 });
  await updateTree(tree, await planOf({ "repo/secret": "s" }));
  expect([modeOf(tree.remoteDir), modeOf(staged(".otto"))]).toEqual(["700", "700"]);
  expect(readFileSync(staged("repo/secret"), "utf8")).toBe("s");
  expect([modeOf(staged("repo")), modeOf(staged("repo/secret"))]).toEqual(["755", "600"]);
});

test("a step that fails ends the update: the tree is not said to be what it is not", async () => {
  const plan = await planOf({ "repo/a": "1" });
  for (const place of ["wanted", "tree/repo"]) mkdirSync(staged(`.otto/new/${place}`), { recursive: true });
  writeFileSync(staged(".otto/new/wanted/manifest"), "wanted");
  writeFileSync(staged(".otto/new/tree/repo/a"), "1");
  // What it notes before anything else has not come.
  const script = `cd '${tree.remoteDir}' && { ${formatApplyScript(plan, "stamp")} } 2>&1`;
  expect((await localShell.run(script)).exitCode).not.toBe(0);
  expect([".otto/manifest", "repo/a"].map((path) => existsSync(staged(path)))).toEqual([false, false]);
});

test("what is not as it was listed is an error in the words of the host", async () => {
  writeFileSync(tree.remoteDir, "");
  await expect(updateTree(tree, await planOf({ a: "1" }))).rejects.toMatchObject({
    code: "STAGING_FAILED",
    message: expect.stringMatching(/^staging on here: .*File exists/) as string,
    details: { host: "here" },
  });
});

test("a plan without a step asks nothing of the host", async () => {
  const { entries } = await listTree([{ remotePath: "a", content: "1" }]);
  const settled = planTree(entries, { entries: planTree(entries, nothingSent).wanted, shared: [] });
  const shell = { run: () => Promise.reject(new Error("asked")) };
  expect(await updateTree({ ...tree, shell }, settled)).toBeUndefined();
});

test("what a container wrote in the place of a file that comes is set aside, and said", async () => {
  await updateTree(tree, await planOf({ "repo/a": "1" }, ["repo"]));
  writeFileSync(staged("repo/a"), "a container's");
  const { entries } = await listTree([{ remotePath: "repo/a", content: "2" }]);
  const before = await planOf({ "repo/a": "1" });
  const aside = await updateTree(tree, planTree(entries, { entries: before.wanted, shared: ["repo"] }));
  expect(aside?.paths).toEqual(["repo/a"]);
  expect(readFileSync(join(aside?.directory ?? "", "repo/a"), "utf8")).toBe("a container's");
  expect(readFileSync(staged("repo/a"), "utf8")).toBe("2");
});

test("a removal leaves what containers wrote and counts it; with volumes nothing is left", async () => {
  await updateTree(tree, await planOf({ "repo/a": "1" }, ["repo"]));
  writeFileSync(staged("repo/own"), "a container's");
  expect(await removeTree(tree, { volumes: false })).toEqual({ host: "here", directory: tree.remoteDir, files: 1 });
  expect([existsSync(staged("repo/a")), existsSync(staged("repo/own"))]).toEqual([false, true]);
  expect(await removeTree(tree, { volumes: true })).toBeUndefined();
  expect(existsSync(tree.remoteDir)).toBe(false);
});

/** What lies in the tree apart from our own: `mode path`, `path > target` or `mode path/`, in order. */
async function listStaged(): Promise<string[]> {
  const { output } = await localShell.run(
    `cd '${tree.remoteDir}' && find . -mindepth 1 -path ./.otto -prune -o -type l -printf '%P > %l\\n' -o -mindepth 1 -type d -printf '%m %P/\\n' -o -mindepth 1 -printf '%m %P\\n'`,
  );
  return output
    .split("\n")
    .filter((line) => line !== "" && line !== ".otto")
    .sort();
}

const file = (path: string, content: string, mode = 0o644): TreeEntry => {
  const digest = createHash("sha256").update(content).digest("hex");
  return { kind: "file", path, mode, size: Buffer.byteLength(content), digest, read: () => [Buffer.from(content)] };
};
const dir = (path: string, mode = 0o755): TreeEntry => ({ kind: "directory", path, mode });
const link = (path: string, target: string): TreeEntry => ({ kind: "symlink", path, target });

/** Sends one tree after the other. */
async function send(trees: readonly (readonly TreeEntry[])[], mounts: readonly string[]) {
  let sent = nothingSent;
  for (const entries of trees) {
    const plan = planTree(entries, sent, mounts);
    await updateTree(tree, plan);
    sent = { entries: plan.wanted, shared: plan.pending.shared };
  }
}

const odd = "it's a $HOME";
const before = [
  ...[dir("r"), dir("r/d"), dir("r/d/e"), file("r/d/e/x", "1"), file("r/d/e/y", "1", 0o755), dir("r/empty")],
  ...[file("r/a", "1"), file("r/gone", "1"), link("r/l", "a"), link("r/old", "a"), dir(`r/${odd}`)],
  ...[file(`r/${odd}/x`, "1"), file("top", "1")],
];
const after = [
  ...[dir("r"), dir("r/d", 0o700), file("r/d/e", "now a file"), dir("r/a"), file("r/a/b", "2", 0o700)],
  ...[link("r/l", "elsewhere"), file("r/old", "now a file"), dir("r/new"), dir("r/new/f"), file("r/new/f/x", "3")],
];

test.each([
  ["no container writes", []],
  ["containers may write everywhere", ["r", "top"]],
])("where %s, an update makes a tree what is wanted, and a removal leaves nothing", async (_, mounts) => {
  await send([before, after], mounts);
  expect(await listStaged()).toEqual(
    [
      ...["755 r/", "700 r/d/", "644 r/d/e", "755 r/a/", "700 r/a/b", "r/l > elsewhere"],
      ...["644 r/old", "755 r/new/", "755 r/new/f/", "644 r/new/f/x"],
    ].sort(),
  );
  expect(readFileSync(staged("r/d/e"), "utf8")).toBe("now a file");
  expect(await removeTree(tree, { volumes: false })).toBeUndefined();
  expect(existsSync(tree.remoteDir)).toBe(false);
});

test.each([
  [[], "2"],
  [["r"], "1"],
])("of more files than one command takes none is left out (mounted: %j)", async (mounts, content) => {
  const many = (text: string) => Array.from({ length: 410 }, (_, n) => file(`r/${n}`, text));
  await send(
    [
      [dir("r"), ...many("1")],
      [dir("r"), ...many(content).slice(0, 205)],
    ],
    mounts,
  );
  const { output } = await localShell.run(`cd '${tree.remoteDir}/r' && ls | wc -l && cat *`);
  expect(output).toBe(`205\n${content.repeat(205)}`);
  expect(await removeTree(tree, { volumes: false })).toBeUndefined();
  expect(existsSync(tree.remoteDir)).toBe(false);
});

test("what is not mounted goes at a down though something was written there, what is mounted stays as it was changed", async () => {
  await send([[dir("r"), file("r/a", "1"), file("r/b", "1"), file("secret", "s")]], ["r"]);
  for (const path of ["r/a", "secret"]) writeFileSync(staged(path), "written");
  expect(await removeTree(tree, { volumes: false })).toMatchObject({ files: 1 });
  expect(await listStaged()).toEqual(["644 r/a", "755 r/"]);
  // Digests of secrets do not stay, either.
  expect(readFileSync(staged(".otto/manifest"), "utf8")).not.toContain("secret");
  expect(readFileSync(staged(".otto/down"), "utf8")).toBe("r/a\0");
});

test("a removal follows no link that a container put in a directory's place", async () => {
  mkdirSync(join(home, "outside/e"), { recursive: true });
  for (const path of ["x", "e/x"]) writeFileSync(join(home, "outside", path), "1");
  await send([[dir("r"), dir("r/d"), dir("r/d/e"), file("r/d/x", "1"), file("r/d/e/x", "1"), file("r/z", "1")]], ["r"]);
  rmSync(staged("r/d"), { recursive: true });
  symlinkSync(join(home, "outside"), staged("r/d"));
  expect(await removeTree(tree, { volumes: false })).toMatchObject({ files: 1 });
  expect(["x", "e/x"].map((path) => existsSync(join(home, "outside", path)))).toEqual([true, true]);
  expect(await listStaged()).toEqual(["755 r/", `r/d > ${home}/outside`]);
});

test.each(["../precious", "d/../../precious", "/precious", "./d//../../precious"])(
  "a manifest that names %j is none: nothing outside of a tree is removed or written",
  async (path) => {
    for (const place of ["precious", "stack/d/x"]) {
      mkdirSync(dirname(join(home, place)), { recursive: true });
      writeFileSync(join(home, place), "theirs");
    }
    const named = path === "/precious" ? join(home, "precious") : path;
    const manifest = JSON.stringify({ schema: 2, shared: [], entries: { [named]: "file 644 0", "d/x": "file 644 0" } });
    await updateTree(
      tree,
      planTree((await listTree([{ remotePath: "a", content: "1" }])).entries, parseSentTree(manifest)),
    );
    expect(await removeTree(tree, { volumes: false })).toMatchObject({ files: 1 });
    expect([existsSync(join(home, "precious")), existsSync(staged("d/x"))]).toEqual([true, true]);
    await expect(listTree([{ remotePath: named, content: "" }])).rejects.toThrow(TypeError);
    await expect(listTree([], { directories: [named] })).rejects.toThrow(TypeError);
  },
);

test("a tree that has no manifest of ours is left", async () => {
  mkdirSync(tree.remoteDir);
  writeFileSync(staged("precious"), "");
  expect(await removeTree(tree, { volumes: true })).toBeUndefined();
  expect(existsSync(staged("precious"))).toBe(true);
});

test.each([
  [undefined, { XDG_CACHE_HOME: "/c" }, "/c/otto/stacks/p"],
  [undefined, { HOME: "/h" }, "/h/.cache/otto/stacks/p"],
  ["/srv/it's", {}, "/srv/it's/me/stacks/p"],
])("below the staging root %j and with %j the tree lies in %s", async (root, environment, directory) => {
  const set = Object.entries(environment).map(([name, value]) => `${name}=${value}\n`);
  const script = `unset XDG_CACHE_HOME HOME\n${set.join("")}id() { echo me; }\n${stagedDirectoryScript("p", root)}`;
  expect((await localShell.run(`${script}; echo "$dir"`)).output).toBe(`${directory}\n`);
});

test("a tree of a version before, without a directory of the login, is used where it is ours", async () => {
  mkdirSync(join(home, "stacks/p"), { recursive: true });
  const ask = `${stagedDirectoryScript("p", home)}; echo "$dir"`;
  expect((await localShell.run(ask)).output).toBe(`${home}/stacks/p\n`);
});

test("a staging root is made for all logins, and the login's own directory in it for it alone", async () => {
  const stagingRoot = join(home, "root");
  const placed = { ...tree, stagingRoot, remoteDir: join(stagingRoot, "me/stacks/p") };
  await updateTree(placed, await planOf({ a: "1" }));
  expect([(statSync(stagingRoot).mode & 0o7777).toString(8), modeOf(join(stagingRoot, "me"))]).toEqual(["1777", "700"]);
  chmodSync(stagingRoot, 0o755);
  await updateTree(placed, await planOf({ a: "2" }));
  expect(modeOf(stagingRoot)).toBe("755");
});

test("an abort before the shell reads what is sent ends in its reason alone", async () => {
  const shell: RemoteShell = {
    run: async (script, options) => {
      await new Promise(setImmediate);
      return localShell.run(script, options);
    },
  };
  const { entries } = await listTree([{ remotePath: "repo/x", content: "x" }]);
  const sending = updateTree(
    { ...tree, shell },
    planTree(entries, nothingSent),
    AbortSignal.abort(new Error("enough")),
  );
  await expect(sending).rejects.toThrow("enough");
});
