import { Argument, Command } from "commander";
import { expect, test } from "vitest";
import { createProgram } from "../program/program.js";
import { commandsOf } from "../program/subcommand.js";
import { readQuestion, subjectOf } from "./question.js";

const program = createProgram("1", () => {}, { writeOut: () => {}, writeErr: () => {} });

/** `docker up --on par|` asks for `parent par`. */
test.each<[string, string]>([
  ["", "words "],
  ["do", "words do"],
  ["docker ", "words "],
  ["docker up --o", "words --o"],
  ["docker up --on par", "parents par"],
  ["docker up --on=par", "parents par"],
  ["docker up ", "service "],
  ["up --on par", "parents par"],
  ["compose logs ", "service "],
  ["--on par", "parents par"],
  ["host exec lo", "host lo"],
  ["host exec local ", "nothing "],
  ["docker build api wor", "image wor"],
  ["docker logs --tail 5 -f ", "service "],
  ["--lab a+b", "lab a+b"],
  ["--lab a docker build --repo ", "repo "],
  ["--log-level ", "words "],
  ["host ", "host "],
  ["host --json lo", "host lo"],
  ["host local ", "words "],
  ["host local exec ", "nothing "],
  ["host local exec --us", "words --us"],
  ["host local exec ls --us", "nothing --us"],
  ["host local exec -- ", "nothing "],
  ["doctor lo", "host lo"],
  ["docker up --on a,", "parents a,"],
  ["doctor --on=a", "parents a"],
  ["docker exec --on ", "parent "],
  ["schema ", "words "],
  ["run sm", "instruction sm"],
  ["run --repo shop sm", "instruction sm"],
  ["run smoke --ti", "instruction-option --ti"],
  ["run smoke -- --ti", "instruction-option --ti"],
  ["test --ti", "words --ti"],
  ["test a --ti", "nothing --ti"],
])("%j asks for %j", (line, expected) => {
  const { subject, typed } = readQuestion(program, line.split(" "));
  expect(`${subject} ${typed}`).toBe(expected);
});

test("commands and options are answered with what they do", () => {
  expect(readQuestion(program, ["docker", ""]).words).toContainEqual({
    value: "up",
    description: "build images and bring the stacks of the repositories up",
  });
  const words = readQuestion(program, ["docker", "up", "-"]).words.map(({ value }) => value);
  expect(words).toEqual(expect.arrayContaining(["--profile", "--json", "--help"]));
});

test("the host, the lab and the place of a path are found", () => {
  const { host, options, before } = readQuestion(program, ["--lab=a", "host", "web", "exec", "ls", "x"]);
  expect([host, options.lab, before]).toEqual(["web", "a", ["ls"]]);
  const line = ["run", "smoke", "--stage", "a", "--json", "--no-checks", "-"];
  expect(readQuestion(program, line).before).toEqual(["smoke", "--stage", "a", "--no-checks"]);
});

test("an argument that nobody has described has no subject", () => {
  expect(subjectOf(new Argument("<novel>"), new Command("x"))).toBeUndefined();
});

test("of each argument and option value it is said what completes it (add its name in question.ts)", () => {
  const unknown = commandsOf(program).flatMap((command) => {
    const values = command.options.filter(({ required, optional }) => required || optional);
    return [...command.registeredArguments, ...values]
      .filter((it) => subjectOf(it, command) === undefined)
      .map((it) => `${command.name()} ${it.name()}`);
  });
  expect(unknown).toEqual([]);
});
