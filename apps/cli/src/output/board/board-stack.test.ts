import fc from "fast-check";
import pico from "picocolors";
import { expect, test } from "vitest";
import { formatStack, type StackedBoard, shareRows } from "./board-stack.js";

const paint = pico.createColors(false);

/** One that is at work and has so many lines, if it may. */
const working = (name: string, lines: number): StackedBoard => ({
  ...{ name, state: "working" },
  render: ({ rows }) => Array.from({ length: Math.min(lines, rows - 1) }, (_, line) => `${name} ${line}`),
});

test("boards stand below each other, then what has ended and what is to come", () => {
  const boards: StackedBoard[] = [
    { name: "pepper", state: "left" },
    working("carrot", 2),
    { name: "leek", state: "done" },
    { name: "beet", state: "failed" },
    working("kale", 1),
    { name: "chard", state: "waiting" },
    { name: "cress\u001b[2J", state: "waiting" },
  ];
  expect(formatStack(boards, { columns: 80, rows: 24 }, paint)).toMatchInlineSnapshot(`
    [
      "carrot 0",
      "carrot 1",
      "kale 0",
      "✖ failed: beet",
      "✔ done: leek",
      "· waiting: chard, cress\\u001b[2J",
    ]
  `);
});

test("a terminal that is too low shows the titles of the first", () => {
  const boards = [working("a", 5), working("b", 5), working("c", 5), { name: "d", state: "waiting" } as const];
  const shown = (rows: number) => formatStack(boards, { columns: 20, rows }, paint);
  expect(shown(8)).toEqual(["a 0", "a 1", "b 0", "b 1", "c 0", "c 1", "· waiting: d"]);
  expect(shown(4)).toEqual(["a 0", "b 0", "· waiting: d"]);
  expect(shown(2)).toEqual(["a 0"]);
});

test("a line is no wider than the terminal", () => {
  const boards = [{ name: "a-long-name-of-a-parent", state: "failed" } as const];
  expect(formatStack(boards, { columns: 20, rows: 9 }, paint)).toEqual(["✖ failed: a-long-n…"]);
});

test.each([
  [[3, 3, 3], 9, [3, 3, 3]],
  [[1, 9, 9], 9, [1, 4, 4]],
  [[9, 2, 9], 9, [3, 2, 3]],
  [[9, 9, 9], 2, [1, 1, 0]],
  [[], 5, []],
])("%j lines in %i rows are %j", (needed, room, shares) => {
  expect(shareRows(needed, room)).toEqual(shares);
});

test("there are never more lines than there is room for, and none is left out that has room", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(30)), fc.integer({ min: 1, max: 60 }), (needed, room) => {
      const shares = shareRows(needed, room);
      const sum = shares.reduce((all, one) => all + one, 0);
      const wanted = needed.reduce((all, one) => all + one, 0);
      const cut = shares.filter((share, index) => share < (needed[index] ?? 0)).length;
      expect(sum <= room && (wanted > room || sum === wanted)).toBe(true);
      expect(cut === 0 || room - sum < cut).toBe(true);
    }),
  );
});
