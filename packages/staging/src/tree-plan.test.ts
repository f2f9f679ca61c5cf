import { expect, test } from "vitest";
import type { TreeEntry } from "./tree-entry.js";
import { formatManifest, isSettled, parseManifest, planTree } from "./tree-plan.js";

const file = (path: string, digest: string): TreeEntry => ({
  kind: "file",
  path,
  mode: 0o644,
  size: 1,
  digest,
  source: { content: "" },
});
const dir = (path: string): TreeEntry => ({ kind: "dir", path, mode: 0o755 });
const paths = (list: readonly { path: string }[]) => list.map(({ path }) => path);
const first = [dir("repo"), file("repo/a", "1"), file("repo/b", "1")];
const sent = planTree(first, {}).wanted;

test("the first time everything is sent", () => {
  const plan = planTree(first, {});
  expect([paths(plan.make), paths(plan.send), plan.remove]).toEqual([["repo"], ["repo/a", "repo/b"], []]);
});

test("what has not changed is not sent", () => {
  expect(isSettled(planTree(first, sent))).toBe(true);
});

test("what changed is sent, what is not wanted any more goes, the deepest first", () => {
  const plan = planTree([dir("repo"), file("repo/a", "2")], { ...sent, "repo/d": "dir", "repo/d/x": "file 644 1" });
  expect([paths(plan.make), paths(plan.send), paths(plan.remove)]).toEqual([
    [],
    ["repo/a"],
    ["repo/d/x", "repo/d", "repo/b"],
  ]);
});

test("an update that was cut is made again, even when the change is taken back", () => {
  const { pending } = planTree([dir("repo"), dir("repo/new"), file("repo/a", "2"), file("repo/b", "1")], sent);
  const again = planTree(first, pending);
  expect([paths(again.send), paths(again.remove)]).toEqual([["repo/a"], ["repo/new"]]);
  const forth = planTree([dir("repo"), dir("repo/new"), file("repo/a", "2"), file("repo/b", "1")], pending);
  expect([paths(forth.make), paths(forth.send)]).toEqual([["repo/new"], ["repo/a"]]);
});

test("a directory in a file's place: the file goes first", () => {
  const plan = planTree([dir("repo"), dir("repo/a"), file("repo/a/x", "1"), file("repo/b", "1")], sent);
  expect([paths(plan.remove), paths(plan.make), paths(plan.send)]).toEqual([["repo/a"], ["repo/a"], ["repo/a/x"]]);
});

test("a manifest survives being written, and a foreign one counts as none", () => {
  expect(parseManifest(formatManifest(sent))).toEqual(sent);
  expect([parseManifest(""), parseManifest("{"), parseManifest('{"schema":2}')]).toEqual([{}, {}, {}]);
});
