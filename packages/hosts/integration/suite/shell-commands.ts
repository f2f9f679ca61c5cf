import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { setTimeout as delay } from "node:timers/promises";
import { expect, test } from "vitest";
import type { HostTests } from "./host-tests.js";

/** Command lines that a shell runs, each a new one. */
export function testShellCommands({ host, directory, endsWithCommand }: HostTests): void {
  test("runs a string in a shell", async () => {
    expect((await host().exec("echo $((1 + 2)) | cat")).stdout.toString()).toBe("3\n");
    const { stdout } = await host().exec('printf "%s|" "$PWD" "$KEY" "$OTHER"', {
      directory: directory(),
      env: { KEY: "it's\n$HOME", OTHER: "" },
    });
    expect(stdout.toString()).toBe(`${directory()}|it's\n$HOME||`);
  });

  test("keeps stdout and stderr apart, to the byte", async () => {
    const { stdout, stderr, exitCode } = await host().exec("printf 'a\\0\\377b\\r\\n'; printf 'oo\\0ps' >&2; exit 7");
    expect([stdout.toString("hex"), stderr.toString("hex"), exitCode]).toEqual(["6100ff620d0a", "6f6f007073", 7]);
  });

  test("gives every exit code, a signal's and the shell's own among them", async () => {
    const codes = [0, 1, 2, 64, 125, 126, 127, 128, 129, 137, 254, 255];
    const results = await Promise.all(codes.map((code) => host().exec(`exit ${code}`)));
    expect(results.map(({ exitCode }) => exitCode)).toEqual(codes);
    expect(await host().exec("kill -KILL $$")).toMatchObject({ exitCode: 137 });
    expect(await host().exec("no-such-program")).toMatchObject({ exitCode: 127 });
    expect(await host().exec(directory())).toMatchObject({ exitCode: 126 });
    expect(await host().exec("exec no-such-program")).toMatchObject({ exitCode: 127 });
  });

  test("holds a call of which a process is left until its outputs are closed", async () => {
    const { stdout, exitCode } = await host().exec("echo soon; (sleep 1; echo late) & exit 127");
    expect([stdout.toString(), exitCode]).toEqual([endsWithCommand ? "soon\n" : "soon\nlate\n", 127]);
  });

  test("stops a process whose output is not read, and loses nothing of it", async () => {
    const counter = join(directory(), `written-${host().id}`);
    const script = 'n=0; while echo $n >"$1"; [ $n -lt 60 ]; do head -c 1000000 /dev/zero; n=$((n + 1)); done';
    const started = await host().spawn(["sh", "-c", script, "sh", counter]);
    started.stderr.resume();
    const written = async () => Number((await readFile(counter, "utf8").catch(() => "")) || Number.NaN);
    for (let last = Number.NaN, now = last; last !== now; now = await written()) {
      last = now;
      await delay(500);
    }
    expect(await written()).toBeLessThan(25);
    expect((await buffer(started.stdout)).length).toBe(60_000_000);
    expect(await started.exit).toEqual({ exitCode: 0 });
  });
}
