import { expect, test } from "vitest";
import { createProgram } from "./program.js";
import { commandsOf, pathOf } from "./subcommand.js";

/** The help of each command at a width, by its words. */
function helpsAt(columns: number): Map<string, string> {
  const shown: string[] = [];
  const output = { writeOut: (text: string) => void shown.push(text), writeErr: () => {}, columns };
  const commands = commandsOf(createProgram("1", () => {}, output));
  return new Map(
    commands.map((command) => {
      command.outputHelp();
      return [pathOf(command), shown.splice(0).join("")];
    }),
  );
}

const commands = [...helpsAt(80).keys()];
const split = (help = "") => help.split("\nExamples:\n") as [string, string];

test.each(commands)("%s --help has no line wider than a terminal of 40, 80 or 120 columns", (name) => {
  for (const width of [40, 80, 120]) {
    const [help, examples] = split(helpsAt(width).get(name));
    expect(help.split("\n").filter((line) => line.length > width)).toEqual([]);
    // A command line to copy is never broken.
    const isBroken = (line: string) => line.length > width && (width >= 80 || /^ {2}[^#].* # /.test(line));
    expect(examples.split("\n").filter(isBroken)).toEqual([]);
  }
});

test.each(commands)("%s --help says the same at each width, in whole words", (name) => {
  const words = (width: number) => split(helpsAt(width).get(name))[0].split(/\s+/).join(" ");
  expect(words(40)).toBe(words(120));
  expect(words(80)).toBe(words(120));
});

test("otto --help shows the verbs that are typed most, first", () => {
  const shown = helpsAt(80).get("otto") ?? "";
  const below = shown.slice(shown.indexOf("Stacks and images:"), shown.indexOf("Options:"));
  expect([...below.matchAll(/^ {2}(\w+)/gm)].map(([, word]) => word)).toEqual(
    expect.arrayContaining(["build", "up", "down", "ps", "logs", "host", "run", "init"]),
  );
  expect(below.indexOf("\n  up")).toBeLessThan(below.indexOf("\n  docker"));
});

test("a group shows what is below it, with its arguments", () => {
  expect(helpsAt(80).get("otto docker")).toMatch(/^ {2}logs \[service\.\.\.\] /m);
  expect(helpsAt(80).get("otto host")).toMatch(/^ {2}exec /m);
});
