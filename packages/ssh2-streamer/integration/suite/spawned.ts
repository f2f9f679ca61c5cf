import { createHash } from "node:crypto";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { finished } from "node:stream/promises";
import type { SshSession } from "ssh2-streamer";
import { test } from "vitest";
import { type Lacks, testCapability } from "./capability.js";
import { countSleeps, newMark } from "./processes.js";

const terminal = { columns: 91, rows: 17 };

/** What `spawn` and `shell` owe. */
export function testProcesses(session: () => SshSession, lacks: Lacks): void {
  test("a process is talked with while it runs, and its outputs come apart", async ({ expect }) => {
    const started = await session().spawn(["sh", "-c", 'while read -r l; do echo "got $l"; done; echo end >&2']);
    started.stdin.write("one\n");
    const [first] = (await once(started.stdout, "data")) as [Buffer];
    expect(first.toString()).toBe("got one\n");
    started.stdin.end("two\n");
    expect(await Promise.all([text(started.stdout), text(started.stderr)])).toEqual(["got two\n", "end\n"]);
    expect(await started.exit).toEqual({ exitCode: 0 });
  });

  test("a signal reaches a process and its children, and is told", async ({ expect }) => {
    const mark = newMark();
    const started = await session().spawn(["sh", "-c", `sleep ${mark} & sleep ${mark}; true`]);
    for (const stream of [started.stdout, started.stderr]) stream.resume();
    await expect.poll(() => countSleeps(mark)).toBe(2);
    started.kill("SIGKILL");
    expect(await started.exit).toMatchObject({ exitCode: undefined, signal: "SIGKILL" });
    await expect.poll(() => countSleeps(mark)).toBe(0);
  });

  test("stdout ends when the server says so, while the process goes on", async ({ expect }) => {
    // sshd passes the end of stdout on when stderr has ended as well.
    const script = 'print "said\\n"; $| = 1; shutdown(STDOUT, 1); close(STDOUT); close(STDERR); exit(<STDIN>)';
    const started = await session().spawn(["perl", "-e", script]);
    expect(await text(started.stdout)).toBe("said\n");
    started.stdin.end("7\n");
    expect(await started.exit).toEqual({ exitCode: 7 });
  });

  test("much stderr that nobody reads does not stop stdout's reader from ending the process", async ({ expect }) => {
    const started = await session().spawn(["sh", "-c", "head -c 10000000 /dev/zero >&2; echo done"]);
    started.stderr.destroy();
    const hash = createHash("sha256");
    for await (const chunk of started.stdout as AsyncIterable<Buffer>) hash.update(chunk);
    expect(hash.digest("hex")).toBe(createHash("sha256").update("done\n").digest("hex"));
  });

  testCapability(lacks, "a terminal", () => sizesSeen(session()), {
    said: ["17 91", "go", "20 50", ""],
    exit: { exitCode: 0 },
  });

  if (lacks["a terminal"] === undefined) {
    testTerminals(session);
    testTerminalSignals(session);
  }
}

/** What a process says of its terminal, before and after a change. */
async function sizesSeen(session: SshSession) {
  const started = await session.spawn(["sh", "-c", "stty size; read go; stty size"], { terminal });
  await once(started.stdout, "readable");
  started.resize(50, 20);
  started.stdin.write("go\n");
  const said = (await text(started.stdout)).replaceAll("\r", "").split("\n");
  return { said, exit: await started.exit };
}

function testTerminals(session: () => SshSession): void {
  test("the login shell has the terminal's size and its changes, and gives its exit code", async ({ expect }) => {
    const shell = await session().shell({ terminal });
    let said = "";
    shell.stdout.on("data", (chunk: Buffer) => {
      said += chunk.toString();
    });
    shell.stdin.write("stty size\n");
    // Behind the prompt of a shell that has one.
    await expect.poll(() => said).toMatch(/\b17 91\r$/m);
    shell.resize(50, 20);
    shell.stdin.write("stty size; exit 3\n");
    await finished(shell.stdout);
    expect(await shell.exit).toEqual({ exitCode: 3 });
    expect(said).toMatch(/\b20 50\r$/m);
  });

  test("an aborted process with a terminal is hung up on", async ({ expect }) => {
    const mark = newMark();
    const { signal, abort } = abortable();
    const started = await session().spawn(["sh", "-c", `echo on; sleep ${mark}`], { terminal, signal });
    await once(started.stdout, "readable");
    await expect.poll(() => countSleeps(mark)).toBe(1);
    abort(new Error("enough"));
    await expect(started.exit).rejects.toThrow("enough");
    await expect.poll(() => countSleeps(mark)).toBe(0);
  });
}

function testTerminalSignals(session: () => SshSession): void {
  test("a process with a terminal gets a signal, and its children do; it ends by what it does with it", async ({
    expect,
  }) => {
    const mark = newMark();
    const script = `trap 'echo caught; exit 7' USR1; echo on; sleep ${mark} & wait; true`;
    const started = await session().spawn(["sh", "-c", script], { terminal });
    await expect.poll(() => countSleeps(mark)).toBe(1);
    started.kill("SIGUSR1");
    expect((await text(started.stdout)).replaceAll("\r", "")).toBe("on\ncaught\n");
    expect(await started.exit).toEqual({ exitCode: 7 });
    await expect.poll(() => countSleeps(mark)).toBe(0);
  });
}

function abortable() {
  const controller = new AbortController();
  return { signal: controller.signal, abort: (reason: Error) => controller.abort(reason) };
}
