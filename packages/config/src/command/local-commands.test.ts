import { OttoError } from "@otto/errors";
import { expect, test } from "vitest";
import { LocalCommands } from "./local-commands.js";

const { PATH } = process.env;
const { signal } = new AbortController();
const failure = (why: string, commandLine: string) =>
  new OttoError("LAB_SECRET_COMMAND_FAILED", `${commandLine}: ${why}`, { hint: "", details: {} });
const commandOf = (script: string, scope = "box") => ({
  scope,
  argv: ["sh", "-c", script],
  directory: "/",
  env: { PATH, WORD: "from-the-environment" },
  failure,
});
const read = async (script: string) => (await new LocalCommands().read(commandOf(script), signal)).reveal();

test.each([
  ["echo pw", "pw"],
  ["printf 'two\\nlines\\n\\n'", "two\nlines\n"],
  ["printf ' spaces '", " spaces "],
  ["printf 'pw\\r\\n'", "pw"],
  ['echo "$WORD"', "from-the-environment"],
  ["pwd", "/"],
  ["echo pw; echo warning >&2", "pw"],
  ["cat; echo pw", "pw"],
  // What it leaves running holds its outputs.
  ["sleep 30 & echo pw", "pw"],
])("%j gives %j", async (script, secret) => {
  expect(await read(script)).toBe(secret);
});

test.each([
  ["exit 3", "exit code 3"],
  ["echo hunter2; echo 'sealed: \u001b[31mhunter2' >&2; exit 1", "exit code 1: sealed: [redacted]"],
  ["kill -TERM $$", "it was ended by SIGTERM"],
  ["true", "it printed nothing"],
  ["head -c 70000 /dev/zero | tr '\\0' x", "it printed more than 65536 bytes"],
  // Without an end.
  ["exec yes", "it printed more than 65536 bytes"],
])("%j fails: %s", async (script, why) => {
  const error = await read(script).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: "LAB_SECRET_COMMAND_FAILED" });
  expect((error as Error).message.replace(/^.*?': /s, "")).toBe(why);
});

test("a program that is not there fails by name", async () => {
  const reading = new LocalCommands().read({ ...commandOf(""), argv: ["no-such-vault", "show"] }, signal);
  await expect(reading).rejects.toThrow("'no-such-vault' 'show': no such program");
});

test("it runs once for a scope, however many ask, and again after a failure", async () => {
  const commands = new LocalCommands();
  const now = commandOf("date +%s%N");
  const [one, other] = await Promise.all([commands.read(now, signal), commands.read(now, signal)]);
  const later = await commands.read(now, signal);
  expect(new Set([one, other, later].map((it) => it.reveal())).size).toBe(1);
  expect((await commands.read({ ...now, scope: "fox" }, signal)).reveal()).not.toBe(one.reveal());
  const once = commandOf("exit 1");
  await expect(commands.read(once, signal)).rejects.toThrow("exit code 1");
  await expect(commands.read(once, signal)).rejects.toThrow("exit code 1");
});

test("an abort ends it, for the last one who waits", async () => {
  const commands = new LocalCommands();
  const [first, second] = [new AbortController(), new AbortController()];
  const command = commandOf("sleep 0.3; echo pw");
  const both = [commands.read(command, first.signal), commands.read(command, second.signal)];
  first.abort(new Error("enough"));
  await expect(both[0]).rejects.toThrow("enough");
  expect((await both[1])?.reveal()).toBe("pw");
  const ending = new AbortController();
  const hanging = commands.read(commandOf("sleep 100"), ending.signal);
  ending.abort(new Error("over"));
  await expect(hanging).rejects.toThrow("over");
});
