import { PassThrough } from "node:stream";
import { OttoError } from "@otto/errors";
import { expect, test } from "vitest";
import type { LogLevel } from "../arguments/global-options.js";
import { createHumanReporter } from "./human-reporter.js";

function open(logLevel: LogLevel, { color = false, lab }: { readonly color?: boolean; readonly lab?: string } = {}) {
  const stdout = new PassThrough({ encoding: "utf8" });
  const stderr = new PassThrough({ encoding: "utf8" });
  const reporter = createHumanReporter({
    stdout,
    stderr,
    logLevel,
    color,
    isTerminal: false,
    ...(lab !== undefined && { lab }),
  });
  return { reporter, told: () => stderr.read() as string | null, shown: () => stdout.read() as string | null };
}

const failure = new OttoError("COMPOSE_UP_FAILED", "bringing x up: last", {
  hint: "Look.",
  details: { output: "first\nlast\n" },
});

test("an error shows what the tool said before, once", () => {
  const { reporter, told } = open("info");
  reporter.error(failure);
  expect(told()).toBe("error[COMPOSE_UP_FAILED]: bringing x up: last\n  first\nhint: Look.\n");
});

test("an error does not repeat the progress that was shown", () => {
  const { reporter, told } = open("info");
  reporter.progress("api  first");
  told();
  reporter.error(failure);
  expect(told()).toBe("error[COMPOSE_UP_FAILED]: bringing x up: last\nhint: Look.\n");
});

test("without progress and notices, results and errors are left", () => {
  const { reporter, told, shown } = open("error");
  reporter.progress("api  first");
  reporter.notice("warn", "new key");
  reporter.item("api  built", { type: "image" });
  reporter.error(failure);
  expect([shown(), told()]).toEqual([
    "api  built\n",
    "error[COMPOSE_UP_FAILED]: bringing x up: last\n  first\nhint: Look.\n",
  ]);
});

test("an error that is not ours asks to be reported", () => {
  const { reporter, told } = open("info");
  reporter.error(new TypeError("x is undefined"));
  expect(told()).toMatch(/^error\[CLI_UNEXPECTED\]: unexpected: x is undefined\nhint: This is a fault of otto/);
});

test("colour is on stderr alone", () => {
  const { reporter, told, shown } = open("info", { color: true });
  reporter.item("api", { type: "image" });
  reporter.error(failure);
  expect([shown(), told()?.includes("\u001b[31merror[COMPOSE_UP_FAILED]:")]).toEqual(["api\n", true]);
});

test("commands in a hint name the lab of the line; sentences and answers to wrong lines do not", () => {
  const hints = (lab?: string) => {
    const { reporter, told } = open("info", lab === undefined ? {} : { lab });
    const hint = "To look, run: otto docker logs --on pepper web, or `otto up`. otto sends files. otto --list-labs";
    reporter.error(new OttoError("COMPOSE_SERVICE_FAILED", "it failed", { hint }));
    reporter.error(new OttoError("CLI_USAGE", "no such option", { hint: "Leave it out: otto up" }));
    return told()
      ?.split("\n")
      .filter((line) => line.startsWith("hint: "));
  };
  expect(hints()).toEqual([
    "hint: To look, run: otto docker logs --on pepper web, or `otto up`. otto sends files. otto --list-labs",
    "hint: Leave it out: otto up",
  ]);
  expect(hints("my veg")).toEqual([
    "hint: To look, run: otto --lab 'my veg' docker logs --on pepper web, or `otto --lab 'my veg' up`. otto sends files. otto --list-labs",
    "hint: Leave it out: otto up",
  ]);
  expect(hints("veg")?.[0]).toContain("run: otto --lab veg docker logs --on pepper web");
});
