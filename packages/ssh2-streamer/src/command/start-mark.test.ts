import { expect, test } from "vitest";
import { createStartFilter } from "./start-mark.js";

function filter(chunks: readonly string[], keepsProfile = true): { pid: number | undefined; passed: string } {
  let pid: number | undefined;
  const onStart = (seen: number) => {
    pid = seen;
  };
  const startFilter = createStartFilter({ keepsProfile, onStart });
  const passed = [...chunks.map((chunk) => startFilter.push(Buffer.from(chunk))), startFilter.flush()];
  return { pid, passed: Buffer.concat(passed).toString() };
}

test.each([
  ["in one piece", ["<otto-process 12>\nerr"], 12, "err"],
  ["cut anywhere", ["<otto-pro", "cess 1", "2>", "\ner", "r"], 12, "err"],
  ["after what a profile said", ["hello\n<otto-process 7>\n"], 7, "hello\n"],
  ["only once", ["<otto-process 7>\n<otto-process 8>\n"], 7, "<otto-process 8>\n"],
  ["or not at all", ["plain ", "text"], undefined, "plain text"],
])("the process id is taken out %s", (_, chunks, pid, passed) => {
  expect(filter(chunks)).toEqual({ pid, passed });
});

test.each([
  ["in one piece", ["hello\n<otto-process 7>\nout"], "out"],
  ["cut anywhere", ["hel", "lo\n<otto-pro", "cess 7>\no", "ut"], "out"],
  ["and kept without a mark", ["hello"], "hello"],
])("what a profile said is left out %s", (_, chunks, passed) => {
  expect(filter(chunks, false).passed).toBe(passed);
});

test("a stream that never tells is passed on after 64 KiB", () => {
  expect(filter(["x".repeat(70_000), "y"]).passed).toHaveLength(70_001);
});

test("at a terminal what a profile prints is passed on at once, but for what may be the mark's beginning", () => {
  let pid: number | undefined;
  const onStart = (seen: number) => {
    pid = seen;
  };
  const startFilter = createStartFilter({ keepsProfile: true, isTerminal: true, onStart });
  const passed = ["go on? <y/n> ", "<", "<otto-pro", "cess 12>", "\r\nhello <"].map((chunk) =>
    startFilter.push(Buffer.from(chunk)).toString(),
  );
  expect([pid, passed]).toEqual([12, ["go on? <y/n> ", "", "<", "", "hello <"]]);
});
