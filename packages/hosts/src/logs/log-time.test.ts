import { expect, test } from "vitest";
import { parseLogTime } from "./log-time.js";

const now = () => new Date("2026-01-31T12:00:00Z");

test.each([
  ["10m", "1769860200.000"],
  ["1h30m", "1769855400.000"],
  ["1.5s", "1769860798.500"],
  ["250ms", "1769860799.750"],
  ["1769860800", "1769860800"],
  ["1769860800.000000001", "1769860800.000000001"],
  ["2026-01-31T12:00:00Z", "1769860800"],
  ["2026-01-31T12:00:00.123456789Z", "1769860800.123456789"],
  ["2026-01-31T14:30:00+02:30", "1769860800"],
  ["2026-01-31T12:00", "1769860800"],
  ["2026-01-31", "1769817600"],
])("%s is %s seconds", (text, seconds) => {
  expect(parseLogTime(text, now)).toBe(seconds);
});

test("a Date is its time", () => {
  expect(parseLogTime(new Date("2026-01-31T12:00:00.250Z"), now)).toBe("1769860800.250");
});

test.each(["", "yesterday", "-5m", "10 m", "2026-13-01", "2026-01-31T25:00:00Z"])("%j is no time", (text) => {
  expect(() => parseLogTime(text, now)).toThrow(TypeError);
});
