import { PassThrough } from "node:stream";
import { OttoError } from "@otto/errors";
import { expect, test } from "vitest";
import { createHumanReporter } from "../output/human-reporter.js";
import { createJsonReporter } from "../output/json-reporter.js";
import type { Session } from "../session.js";
import { eachOf, type PartSession } from "./each-part.js";

interface Opened {
  readonly session: Session;
  readonly read: () => { readonly out: string; readonly err: string };
}

/** What `eachOf` uses of a session. */
function open({ json = false, dryRun = false, signal = new AbortController().signal } = {}): Opened {
  const [stdout, stderr] = [new PassThrough({ encoding: "utf8" }), new PassThrough({ encoding: "utf8" })];
  const common = { stdout, stderr, logLevel: "info" } as const;
  const reporter = json
    ? createJsonReporter(common)
    : createHumanReporter({ ...common, color: false, isTerminal: false });
  const session = { reporter, signal, options: { json, dryRun } } as unknown as Session;
  const read = (stream: PassThrough) => (stream.read() as string | null) ?? "";
  return { session, read: () => ({ out: read(stdout), err: read(stderr) }) };
}

const partOf = (id: string, repo = "shop") => ({ repo: { name: repo }, parent: { id } });
const down = (parent: string) => new OttoError("SSH_CONNECT_FAILED", `connecting to ${parent}: it is down`);

/** Tells what a part of a command tells: something that runs, a result, a summary. */
async function tell({ reporter }: PartSession, id: string, pause = Promise.resolve()) {
  reporter.progress(`api  starting on ${id}`);
  reporter.event({ type: "compose.service", service: "api" });
  await pause;
  reporter.item(`result of ${id}`, { type: "host", id });
  reporter.summary(`1 service up on ${id}`, { type: "summary", parent: id });
  return true;
}

/** A promise, and what resolves it. */
function gate() {
  let open: () => void = () => {};
  const passed = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { passed, open };
}

test("several parents are worked on at once: what runs comes behind its parent's name, results in their order", async () => {
  const { session, read } = open();
  const others = gate();
  const outcome = await eachOf(
    session,
    [partOf("pepper"), partOf("leek")],
    async ({ parent: { id } }, own) => {
      if (id === "leek") others.open();
      return tell(own, id, id === "pepper" ? others.passed : undefined);
    },
    { done: "up" },
  );
  const { out, err } = read();
  expect(out).toBe("result of pepper\nresult of leek\n");
  expect(err.split("\n")).toEqual([
    "pepper | api  starting on pepper",
    "leek   | api  starting on leek",
    "1 service up on pepper",
    "1 service up on leek",
    "",
  ]);
  expect(outcome).toEqual({ exitCode: 0, summary: expect.stringMatching(/^up on 2 parents in [\d.]+ m?s$/) });
});

test("one that fails does not stop the others; the end says where it failed, and with what", async () => {
  const { session, read } = open();
  const failed = gate();
  const outcome = await eachOf(
    session,
    ["pepper", "carrot", "leek"].map((id) => partOf(id)),
    async ({ parent: { id } }, own) => {
      if (id !== "carrot") return tell(own, id, failed.passed);
      setImmediate(failed.open);
      throw down(id);
    },
    { done: "up" },
  );
  const { out, err } = read();
  expect(out).toBe("result of pepper\nresult of leek\n");
  expect(err).toContain("carrot | failed: SSH_CONNECT_FAILED\n1 service up on pepper\n");
  expect(err).toContain("\nerror[SSH_CONNECT_FAILED]: connecting to carrot: it is down\n1 service up on leek\n");
  expect(outcome).toEqual({
    exitCode: 1,
    fields: { failures: [{ repo: "shop", parent: "carrot", code: "SSH_CONNECT_FAILED" }] },
    summary: expect.stringMatching(/^up on 2 of 3 parents in [\d.]+ m?s · failed on carrot \(SSH_CONNECT_FAILED\)$/),
  });
});

test("an error that does not name its parent is told with it", async () => {
  const { session, read } = open();
  await eachOf(session, [partOf("pepper"), partOf("leek")], async ({ parent: { id } }, own) => {
    if (id === "leek") own.reporter.error(new OttoError("BUILD_FAILED", "building api: no space"));
    return id !== "leek";
  });
  expect(read().err).toMatch(/^(?:leek.*\n)?error\[BUILD_FAILED\]: leek: building api: no space\n$/);
});

test("repositories on one parent go one after the other, as nothing but themselves", async () => {
  const { session, read } = open();
  let running = 0;
  const outcome = await eachOf(
    session,
    [partOf("pepper", "shop"), partOf("pepper", "tools")],
    async ({ repo, parent }, own) => {
      running += 1;
      expect(running).toBe(1);
      await tell(own, parent.id, new Promise(setImmediate));
      running -= 1;
      if (repo.name === "shop") return true;
      throw new OttoError("LAB_NO_PARENT", "no place");
    },
    { done: "up" },
  );
  expect(read().err.split("\n")).toEqual([
    ...["api  starting on pepper", "1 service up on pepper", "api  starting on pepper", "1 service up on pepper"],
    ...["error[LAB_NO_PARENT]: no place", ""],
  ]);
  expect(outcome).toEqual({
    exitCode: 2,
    fields: { failures: [{ repo: "tools", parent: "pepper", code: "LAB_NO_PARENT" }] },
  });
});

test("a program gets what happens as it happens, each line with its parent, and results in their order", async () => {
  const { session, read } = open({ json: true });
  const others = gate();
  await eachOf(session, [partOf("pepper"), partOf("leek")], async ({ parent: { id } }, own) => {
    if (id === "pepper") return tell(own, id, others.passed);
    own.reporter.error(down("leek"));
    await tell(own, id);
    setImmediate(others.open);
    return false;
  });
  const lines = read()
    .out.trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(lines.map(({ type, parent, id }) => [type, parent ?? id])).toEqual([
    ["compose.service", "pepper"],
    ["error", "leek"],
    ["compose.service", "leek"],
    ["summary", "leek"],
    ["host", "pepper"],
    ["summary", "pepper"],
    ["host", "leek"],
  ]);
});

test.each([{}, { json: true }])("plans come whole, in their order, %j", async (kind) => {
  const { session, read } = open({ ...kind, dryRun: true });
  const others = gate();
  await eachOf(session, [partOf("pepper"), partOf("leek")], async ({ parent: { id } }, own) => {
    own.reporter.heading(`shop on ${id}`);
    if (id === "pepper") await others.passed;
    own.reporter.item(`start api on ${id}`, { type: "step", parent: id });
    own.reporter.error(down(id));
    setImmediate(others.open);
    return true;
  });
  const order = [...`${read().out}`.matchAll(/pepper|leek/g)].map(([name]) => name);
  expect(order).toEqual(order.toSorted().toReversed());
  expect(new Set(order).size).toBe(2);
});

test("what was not begun when a signal came is not begun, and the end is the signal's", async () => {
  const controller = new AbortController();
  const { session, read } = open({ signal: controller.signal });
  const begun: string[] = [];
  const parts = ["a", "b", "c"].map((id) => partOf(id));
  const work = async ({ parent: { id } }: (typeof parts)[number], own: PartSession) => {
    begun.push(id);
    if (id === "a") controller.abort();
    own.reporter.item(`result of ${id}`, { type: "host" });
    controller.signal.throwIfAborted();
    return true;
  };
  await expect(eachOf(session, parts, work, { limit: 1 })).rejects.toThrow("aborted");
  expect(begun).toEqual(["a"]);
  expect(read()).toEqual({ out: "result of a\n", err: "" });
});
