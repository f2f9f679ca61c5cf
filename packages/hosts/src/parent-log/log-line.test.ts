import fc from "fast-check";
import { expect, test } from "vitest";
import { formatLogEntry, type ParentLogEntry, parseLog } from "./log-line.js";

const time = "2026-11-30T04:05:06Z";
const up: ParentLogEntry = { do: "up", who: "ada@desk (process 12)", repo: "shop", project: "otto-shop-ada" };

test("an entry is read with its time and the login that wrote it", () => {
  const [line] = parseLog(
    `= 1000 ada\n1000 ${time} ${formatLogEntry({ ...up, seconds: 1.234, text: "2 services up" })}\n`,
  );
  expect(line).toEqual({
    ...{ ...up, commit: undefined, failed: undefined, seconds: 1.2, text: "2 services up" },
    ...{ time: new Date(time), uid: 1000, login: "ada" },
  });
});

test("logs of several logins are one, in order of time, and a login without a name has none", () => {
  const early = "2026-11-30T04:05:05Z";
  const text = `= 7 \n7 ${time} ${formatLogEntry(up)}\n\n= 8 bob\n8 ${early} ${formatLogEntry({ ...up, do: "down" })}\n`;
  expect(parseLog(text).map((line) => [line.do, line.login])).toEqual([
    ["down", "bob"],
    ["up", undefined],
  ]);
});

test.each([
  ["is cut off", `7 ${time} {"do":"up","who":"ada`],
  ["has no time", `7 {"do":"up"}`],
  ["has a time that is none", `7 2026-99-30T04:05:06Z {"do":"up"}`],
  ["does nothing", `7 ${time} {"who":"ada"}`],
  ["does what is no word", `7 ${time} {"do":"Up and down"}`],
  ["is no object", `7 ${time} ["up"]`],
  ["is of nobody", `${time} {"do":"up"}`],
])("a line that %s is left out", (_what, line) => {
  expect(parseLog(line)).toEqual([]);
});

test("nothing that an entry says makes a second line or something that a terminal obeys", () => {
  const words = fc.record({ do: fc.constant("up"), who: fc.string(), text: fc.string({ unit: "binary" }) });
  fc.assert(
    fc.property(words, (entry) => {
      const text = formatLogEntry(entry);
      expect(text).not.toContain("\n");
      const [line] = parseLog(`7 ${time} ${text}`);
      expect(line?.who).not.toMatch(/\p{Cc}/u);
      expect(line?.text).not.toMatch(/\p{Cc}/u);
    }),
  );
});

test("an entry is at most 4 KiB, however long its words are", () => {
  const long = (sign: string) => sign.repeat(1e5);
  for (const sign of ["w", "\u0001", "\\", "\ud800", "漢"]) {
    const words = { do: "up", who: long(sign), repo: long(sign), project: long(sign), text: long(sign) };
    expect(Buffer.byteLength(formatLogEntry({ ...words, commit: long(sign), failed: long(sign) }))).toBeLessThan(4096);
  }
});
