import fc from "fast-check";
import { expect, test } from "vitest";
import { LogPosition, toEngineTime } from "./log-position.js";

type Entry = { readonly stream: "stdout" | "stderr"; readonly timestamp: string };

const start = Date.UTC(2026, 0, 31, 12);

function at(ms: number, stream: Entry["stream"] = "stdout"): Entry {
  return { stream, timestamp: `${new Date(start + ms).toISOString().slice(0, 23)}000000Z` };
}

/** The lines that a reader passes on when its connection breaks after each of `cuts` lines read. */
function readWithCuts(log: readonly Entry[], cuts: readonly number[]): Entry[] {
  const position = new LogPosition();
  const passed: Entry[] = [];
  for (const cut of [...cuts, log.length]) {
    const from = position.resume();
    const read = log.filter(({ timestamp }) => from === undefined || timestamp >= from).slice(0, cut);
    passed.push(...read.filter((entry) => position.pass(entry)));
  }
  return passed;
}

test("whenever a reader is interrupted, each line is passed once, in the log's order", () => {
  const line = fc.record({ ms: fc.nat(40), jitter: fc.nat(900), error: fc.boolean() });
  fc.assert(
    fc.property(fc.array(line, { maxLength: 60 }), fc.array(fc.nat(80), { maxLength: 6 }), (lines, cuts) => {
      let now = 0;
      // The first is first in time too: before it, nothing was wanted.
      const log = lines.map(({ ms, jitter, error }, index) => {
        now += ms;
        return at(index === 0 ? 0 : 1000 + now - jitter, error ? "stderr" : "stdout");
      });
      expect(readWithCuts(log, cuts)).toEqual(log);
    }),
  );
});

test("two lines of one time are two lines", () => {
  const log = [at(0), at(0), at(0, "stderr"), at(0)];
  expect(readWithCuts(log, [1, 2, 3])).toEqual(log);
});

test("lines that the engine has thrown away meanwhile do not hide others", () => {
  const position = new LogPosition();
  for (const entry of [at(0), at(1), at(2)]) position.pass(entry);
  position.resume();
  expect([at(2), at(3), at(4)].filter((entry) => position.pass(entry))).toEqual([at(3), at(4)]);
});

test("what lies before a reader's first line is not read again", () => {
  const position = new LogPosition();
  position.pass(at(5000));
  position.pass(at(5001));
  expect(position.resume()).toBe(at(5000).timestamp);
  position.pass(at(9000));
  expect(position.resume()).toBe(at(8000).timestamp);
});

test("the engine's times keep all nine decimals", () => {
  expect(toEngineTime("2026-01-31T12:00:00.000000001Z")).toBe("1769860800.000000001");
});
