import { join } from "node:path";
import { createMemoryGauge } from "@otto/lab";
import { expect, test } from "vitest";
import type { HostTests } from "./host-tests.js";
import { newMark } from "./processes.js";

const tooMuch = { code: "COMMAND_OUTPUT_LIMIT", hint: expect.stringContaining("maxOutputBytes") as string };
const endless = "yes; true";

/** How much output is kept. */
export function testOutputLimits({ host, directory }: HostTests): void {
  test("a command that says more than is allowed is ended, and its error says how to go on", async () => {
    await expect(host().exec(endless, { maxOutputBytes: 100_000 })).rejects.toMatchObject({
      ...tooMuch,
      details: { maxBytes: 100_000 },
    });
    const exact = await host().exec("head -c 60 /dev/zero; head -c 40 /dev/zero >&2", { maxOutputBytes: 100 });
    expect([exact.stdout.length, exact.stderr.length]).toEqual([60, 40]);
    await expect(
      host().exec("head -c 60 /dev/zero; head -c 41 /dev/zero >&2", { maxOutputBytes: 100 }),
    ).rejects.toMatchObject(tooMuch);
  });

  test("without a setting, 64 MiB are the most that is kept", async ({ expect }) => {
    const heldBytes = createMemoryGauge();
    const before = heldBytes();
    await expect(host().exec(endless)).rejects.toMatchObject({ ...tooMuch, details: { maxBytes: 64 << 20 } });
    // Each look is a collection of all garbage, and other hosts are tested beside this one.
    await expect.poll(() => heldBytes() - before, { interval: 2000 }).toBeLessThan(32 << 20);
  });

  test("a command in a shell that says more than is allowed ends the shell, and the next has a new one", async () => {
    await using shell = host().session(`limits ${newMark()}`);
    await shell.run("word=kept");
    await expect(shell.run(endless, { maxOutputBytes: 100_000 })).rejects.toMatchObject(tooMuch);
    const next = await shell.run(`echo "[$word]"; head -c 50 /dev/zero`, { maxOutputBytes: 60 });
    expect(next).toMatchObject({ exitCode: 0, inNewShell: true });
    expect(next.stdout.toString()).toBe(`[]\n${"\0".repeat(50)}`);
  });

  test("a background job that says too much while no command runs ends the shell", async ({ expect }) => {
    await using shell = host().session(`limits ${newMark()}`);
    const go = join(directory(), `go-${newMark()}`);
    const job = `until [ -e ${go} ]; do sleep 0.1; done; rm ${go}; exec yes`;
    const { stderr } = await shell.run(`{ ${job}; } & echo $! >&2`, { maxOutputBytes: 1 << 20 });
    expect(Number(stderr)).toBeGreaterThan(1);
    await host().exec(["touch", go]);
    await expect.poll(async () => (await host().exec(`kill -0 ${Number(stderr)}`)).exitCode).not.toBe(0);
    expect(await shell.run("true")).toMatchObject({ exitCode: 0, inNewShell: true });
  });
}
