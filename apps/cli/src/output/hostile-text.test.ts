import { PassThrough } from "node:stream";
import { OttoError } from "@otto/errors";
import pico from "picocolors";
import { expect, test } from "vitest";
import { type BoardEvent, followEvent, openBoard } from "./board/board.js";
import { formatBoard } from "./board/board-lines.js";
import { widthOf } from "./fit-text.js";
import { createHumanReporter } from "./human-reporter.js";
import { createJsonReporter } from "./json-reporter.js";
import type { Reporter } from "./reporter.js";
import { ServiceLabels } from "./service-labels.js";
import { formatTable } from "./table.js";

/** What clears a terminal, sets its title, starts a C1 sequence, ends a line elsewhere, reorders text. */
const marks = ["\u001b[2J", "\u001b]0;x\u0007", "\u009b31m", "\u0085", "\r", "\b", "\u061c", "\u200e", "\u200f"];
const hostile = `a${[...marks, "\u2028", "\u2029", "\u202a", "\u202e", "\u2066", "\u2069"].join("-")}z`;
const obeyed = /[^\P{Cc}\n]|[\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/u;

type Call = (reporter: Reporter) => void;

const calls: Readonly<Record<string, Call>> = {
  item: (reporter) => reporter.item(hostile, { type: "host", id: hostile, list: [hostile], [hostile]: 1 }),
  heading: (reporter) => reporter.heading(hostile),
  progress: (reporter) => reporter.progress(hostile),
  event: (reporter) => reporter.event({ type: "build.step", step: hostile }),
  notice: (reporter) => reporter.notice("warn", hostile),
  debug: (reporter) => reporter.notice("debug", hostile, { type: "log", text: hostile }),
  result: (reporter) => reporter.result({ status: "success", stdout: hostile }),
  error: (reporter) => {
    const details = { output: `${hostile}\n${hostile}`, name: hostile };
    reporter.error(new OttoError("A_B", hostile, { hint: hostile, details, cause: new Error(hostile) }));
  },
  fault: (reporter) => reporter.error(new TypeError(hostile)),
};

function open(kind: "human" | "json") {
  const stdout = new PassThrough({ encoding: "utf8" });
  const stderr = new PassThrough({ encoding: "utf8" });
  const options = { stdout, stderr, logLevel: "debug", color: false, isTerminal: false } as const;
  const reporter = kind === "json" ? createJsonReporter(options) : createHumanReporter(options);
  const read = (stream: PassThrough) => (stream.read() as string | null) ?? "";
  return { reporter, read: () => ({ stdout: read(stdout), stderr: read(stderr) }) };
}

test.each(Object.keys(calls))("to a person, %s shows escapes for what a terminal obeys", (name) => {
  const { reporter, read } = open("human");
  calls[name]?.(reporter);
  const { stdout, stderr } = read();
  expect(stdout + stderr).not.toMatch(obeyed);
  const isForPrograms = name === "event" || name === "result";
  expect((stdout + stderr).includes("\\u001b[2J-\\u001b]0;x\\u0007-\\u009b31m")).toBe(!isForPrograms);
});

test.each(Object.keys(calls))("to a program, %s escapes it as JSON does", (name) => {
  const { reporter, read } = open("json");
  calls[name]?.(reporter);
  const { stdout, stderr } = read();
  expect(stdout + stderr).not.toMatch(obeyed);
  const values = stdout
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line) as object);
  expect(values).toHaveLength(name === "heading" || name === "progress" ? 0 : 1);
});

test("what a program reads is what was said", () => {
  const { reporter, read } = open("json");
  calls.item?.(reporter);
  expect(JSON.parse(read().stdout)).toEqual({ type: "host", schema: 1, id: hostile, list: [hostile], [hostile]: 1 });
});

test("bytes of a command are left as they are, to a person", () => {
  const { reporter, read } = open("human");
  reporter.bytes("stdout", Buffer.from(hostile));
  expect(read().stdout).toBe(hostile);
});

test("a cell is one line and as wide as it is shown, a label too", () => {
  const lines = formatTable(
    [
      [`a\nb\t${hostile}`, "x"],
      ["c", "y"],
    ],
    200,
  );
  expect(lines.join("")).not.toMatch(/[\n\t]/);
  expect(lines.join("")).not.toMatch(obeyed);
  expect(lines[1]?.indexOf("y")).toBe(lines[0]?.lastIndexOf("x"));
  expect(new ServiceLabels(false).of({ service: `a\nb${hostile}`, replica: 1 })).not.toMatch(/[^\P{Cc}]|\u202e/u);
});

test("no line of a board has what a terminal obeys, or is as wide as the terminal", () => {
  const events: readonly BoardEvent[] = [
    { type: "build.step", image: hostile, step: `RUN ${hostile}`, state: "started" },
    { type: "build.output", image: hostile, text: `${hostile}\n` },
    { type: "compose.waiting", project: "p", who: hostile, since: new Date(0), uid: undefined, pid: undefined },
    { type: "compose.service", project: "p", service: "a", replica: 1, state: "exited", exitCode: 1, detail: hostile },
    { type: "compose.service", project: "p", service: hostile, state: "failed", detail: "字".repeat(100) },
    { type: "compose.build", project: "p", service: "b", step: hostile, state: "started" },
    { type: "compose.resource", project: "p", resource: "network", name: hostile, state: "creating" },
  ];
  const title = { verb: "up", repo: hostile, parent: hostile } as const;
  const board = events.reduce((shown, event) => followEvent(shown, event, 0), openBoard(title, 0));
  const lines = [0, 3].flatMap((rows) =>
    formatBoard(board, { columns: 60, rows: rows || undefined, now: 5000, paint: pico.createColors(false) }),
  );
  expect(lines.length).toBeGreaterThan(7);
  expect(lines.join("")).not.toMatch(obeyed);
  expect(lines.every((line) => widthOf(line) < 60)).toBe(true);
});
