import { expect, test } from "vitest";
import { parseArguments, UsageError } from "./arguments.js";
import { linkNames } from "./link.js";

const parse = (line: string) => parseArguments(line.split(" ").filter(Boolean), ["build", "exec"]);

test("without words everything is measured, on all links", () => {
  expect(parse("")).toEqual({
    areas: [],
    rounds: 5,
    json: undefined,
    check: false,
    of: undefined,
    links: linkNames,
    scale: 1,
    services: [6, 30],
    rows: undefined,
    write: false,
  });
});

test("areas and options are read in any order", () => {
  const line =
    "exec --rounds 3 build --json out.json --check --of ../a --links direct,bastion-50 --scale 0.1 --services 2";
  expect(parse(line)).toMatchObject({
    areas: ["exec", "build"],
    rounds: 3,
    json: "out.json",
    check: true,
    of: "../a",
    links: ["direct", "bastion-50"],
    scale: 0.1,
    services: [2],
  });
});

test.each([
  ["none", 'there is no area "none"'],
  ["--rounds 0", '--rounds expects a whole number above 0, got "0"'],
  ["--rounds 1.5", '--rounds expects a whole number above 0, got "1.5"'],
  ["--scale x", '--scale expects a number above 0, got "x"'],
  ["--services 6,", '--services expects a whole number above 0, got ""'],
  ["--links direct,far", '--links expects direct, direct-50, bastion, bastion-50, got "far"'],
  ["--fast", "--fast"],
])("%s is refused", (line, message) => {
  expect(() => parse(line)).toThrow(UsageError);
  expect(() => parse(line)).toThrow(message);
});
