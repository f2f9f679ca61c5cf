import { expect, test } from "vitest";
import { formatSentTree, nothingSent, parseSentTree, type SentTree } from "./sent-tree.js";
import type { TreeEntry } from "./tree-entry.js";
import { isSettled, planTree } from "./tree-plan.js";

const file = (path: string, digest: string): TreeEntry => ({
  kind: "file",
  path,
  mode: 0o644,
  size: 1,
  digest,
  read: () => [],
});
const dir = (path: string): TreeEntry => ({ kind: "directory", path, mode: 0o755 });
const paths = (list: readonly { path: string }[]) => list.map(({ path }) => path);
const first = [dir("repo"), file("repo/a", "1"), file("repo/b", "1")];
const whole = (entries: SentTree["entries"]): SentTree => ({ entries, shared: [] });
const sent = whole(planTree(first, nothingSent).wanted);

test("the first time everything is sent", () => {
  const plan = planTree(first, nothingSent);
  expect([paths(plan.make), paths(plan.send), plan.remove]).toEqual([["repo"], ["repo/a", "repo/b"], []]);
});

test("what has not changed is not sent", () => {
  expect(isSettled(planTree(first, sent))).toBe(true);
});

test("what changed is sent, what is not wanted any more goes, the deepest first", () => {
  const plan = planTree(
    [dir("repo"), file("repo/a", "2")],
    whole({ ...sent.entries, "repo/d": "dir 755", "repo/d/x": "file 644 1" }),
  );
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
  expect(parseSentTree(formatSentTree(sent))).toEqual(sent);
  expect(["", "{", '{"schema":3}'].map((text) => parseSentTree(text))).toEqual(Array(3).fill(nothingSent));
});

test("of a version before all but compose's own files may be a container's", () => {
  const sent = parseSentTree(
    '{"schema":1,"entries":{"repo":"dir","compose/x":"file 600 1","repo/a":"file 644 1","outside/x":"file 644 1"}}',
  );
  expect(planTree([], sent).remove).toEqual([
    { path: "repo/a", isDirectory: false, known: ["file 644 1"] },
    { path: "repo", isDirectory: true, known: ["dir"] },
    { path: "outside/x", isDirectory: false, known: ["file 644 1"] },
    { path: "compose/x", isDirectory: false, known: undefined },
  ]);
});

test("after a down only what it found changed is certain, so the rest is sent and that is not", () => {
  const after = parseSentTree(formatSentTree({ ...sent, shared: ["repo"] }), "down\0repo/a\0");
  const plan = planTree(first, after, ["repo"]);
  expect([paths(plan.make), paths(plan.send), paths(plan.remove)]).toEqual([["repo"], ["repo/b"], []]);
});

test("what comes in the place of something of a container's is known by all that otto may have put there", () => {
  const cut = { entries: { "repo/a": ["file 644 1", "file 644 2"] }, shared: ["repo/a"] };
  const { send, pending } = planTree([file("repo/a", "3"), file("repo/b", "1")], cut);
  expect(send.map(({ known }) => known)).toEqual([["file 644 1", "file 644 2", "file 644 3"], undefined]);
  expect(pending.entries["repo/a"]).toEqual(["file 644 1", "file 644 2", "file 644 3"]);
});

test("a mount that is new changes the plan though no file does, and one that was is never forgotten", () => {
  const plan = planTree(first, sent, ["repo/a"]);
  expect([isSettled(plan), plan.pending.shared]).toEqual([false, ["repo/a"]]);
  expect(isSettled(planTree(first, plan.pending))).toBe(true);
});
