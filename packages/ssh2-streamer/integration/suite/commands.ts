import { PassThrough, Readable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import { createNoise } from "@otto/lab";
import type { SshSession } from "ssh2-streamer";
import { test } from "vitest";
import { countSleeps, newMark } from "./processes.js";

/** What `exec` owes. */
export function testCommands(session: () => SshSession): void {
  test("a command's stdout, stderr and exit code come apart and exact", async ({ expect }) => {
    const result = await session().exec(["sh", "-c", "printf 'a\\0b'; printf oops >&2; exit 7"]);
    expect({ ...result, stdout: result.stdout.toString("hex") }).toEqual({
      exitCode: 7,
      stdout: "610062",
      stderr: Buffer.from("oops"),
    });
  });

  test("bytes go in and come out unchanged", async ({ expect }) => {
    const bytes = createNoise(2_000_000);
    const { stdout } = await session().exec(["cat"], { stdin: bytes });
    expect(stdout.equals(bytes)).toBe(true);
  });

  test("a command may end without reading its stdin", async ({ expect }) => {
    expect((await session().exec(["true"], { stdin: Buffer.alloc(10_000_000) })).exitCode).toBe(0);
    const silent = new Readable({ read() {} });
    expect((await session().exec(["true"], { stdin: silent })).exitCode).toBe(0);
    expect(silent.destroyed).toBe(true);
  });

  test("a source of stdin that fails ends the command, and the call with what failed", async ({ expect }) => {
    const source = new PassThrough();
    const running = session().exec(["cat"], { stdin: source });
    source.write("half");
    source.destroy(new Error("the disk is gone"));
    await expect(running).rejects.toThrow("the disk is gone");
  });

  test("a command that does not read stops the source of its stdin", async ({ expect }) => {
    let given = 0;
    const source = new Readable({
      highWaterMark: 65536,
      read() {
        given += 65536;
        this.push(given > 256 * 2 ** 20 ? null : Buffer.alloc(65536));
      },
    });
    const controller = new AbortController();
    const mark = newMark();
    const running = session().exec(["sleep", mark], { stdin: source, signal: controller.signal });
    running.catch(() => {});
    await expect.poll(() => countSleeps(mark)).toBe(1);
    for (let last = -1; last !== given; ) {
      last = given;
      await delay(300);
    }
    controller.abort(new Error("enough"));
    await expect(running).rejects.toThrow("enough");
    expect(given).toBeLessThan(16 * 2 ** 20);
  });

  test("a signal that ended a command is told", async ({ expect }) => {
    const result = await session().exec(["sh", "-c", "kill -KILL $$"]);
    expect(result).toMatchObject({ exitCode: 137, signal: "SIGKILL" });
  });

  test("arguments, variables and the directory arrive as they were given", async ({ expect }) => {
    const odd = ["a b", "", "'\"$(id)`", "x\ny", "é", "--", "~", "*", "\\", "!"];
    const argv = ["sh", "-c", 'printf "%s|" "$@" "$PWD" "$KEY"', "sh", ...odd];
    const { stdout } = await session().exec(argv, { cwd: "/usr", env: { KEY: "it's\n$HOME" } });
    expect(stdout.toString().split("|")).toEqual([...odd, "/usr", "it's\n$HOME", ""]);
  });

  test("an empty command and an argument with NUL are the caller's mistake", async ({ expect }) => {
    await expect((async () => session().exec([]))()).rejects.toBeInstanceOf(TypeError);
    await expect((async () => session().exec(["echo", "a\0b"]))()).rejects.toBeInstanceOf(TypeError);
  });

  test("many commands at once have their own streams each", async ({ expect }) => {
    const numbers = Array.from({ length: 12 }, (_, number) => number);
    const script = 'cat; echo "err $1" >&2; exit "$1"';
    const results = await Promise.all(
      numbers.map((number) => session().exec(["sh", "-c", script, "sh", `${number}`], { stdin: `in ${number}` })),
    );
    expect(results.map(({ exitCode, stdout, stderr }) => [exitCode, stdout.toString(), stderr.toString()])).toEqual(
      numbers.map((number) => [number, `in ${number}`, `err ${number}\n`]),
    );
  });

  test("an aborted command is gone from the machine, with its children, when the call rejects with the reason", async ({
    expect,
  }) => {
    const mark = newMark();
    const controller = new AbortController();
    const line = `trap '' TERM; sleep ${mark} & sleep ${mark}; true`;
    const running = session().exec(["sh", "-c", line], { signal: controller.signal });
    await expect.poll(() => countSleeps(mark)).toBe(2);
    controller.abort(new Error("enough"));
    await expect(running).rejects.toThrow("enough");
    expect(await countSleeps(mark)).toBe(0);
  });

  test("an aborted command takes children along that have a process group or a session of their own", async ({
    expect,
  }) => {
    const mark = newMark();
    const controller = new AbortController();
    // `timeout` makes a group, and so does a shell with job control; `setsid --wait` makes a session.
    const line = [
      `timeout 9999 sleep ${mark} & setsid --wait sh -c 'sleep ${mark} & sleep ${mark}; true' &`,
      `set -m; sleep ${mark} & wait; true`,
    ].join("\n");
    const running = session().exec(["sh", "-c", line], { signal: controller.signal });
    await expect.poll(() => countSleeps(mark)).toBe(4);
    controller.abort(new Error("enough"));
    await expect(running).rejects.toThrow("enough");
    expect(await countSleeps(mark)).toBe(0);
  });

  test("nothing is started for a signal that has fired", async ({ expect }) => {
    const signal = AbortSignal.abort(new Error("before"));
    await expect(session().exec(["true"], { signal })).rejects.toThrow("before");
    await expect(session().spawn(["true"], { signal })).rejects.toThrow("before");
  });

  test("a command over its time or its output is ended and says so", async ({ expect }) => {
    const mark = newMark();
    const late = session().exec(["sleep", mark], { timeoutMs: 50 });
    await expect(late).rejects.toMatchObject({ code: "COMMAND_TIMED_OUT" });
    expect(await countSleeps(mark)).toBe(0);
    const loud = session().exec(["yes"], { maxOutputBytes: 1000 });
    await expect(loud).rejects.toMatchObject({ code: "COMMAND_OUTPUT_LIMIT" });
  });
}
