import { createHash } from "node:crypto";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { HostTests } from "./host-tests.js";
import { newMark } from "./processes.js";

/** Shells that keep what they were told, one for each test. */
export function testShells({ host, directory }: HostTests): void {
  let sessions = 0;
  /** Each is closed by its test: where a server allows one session, 30 may be open at most. */
  const open = () => {
    sessions += 1;
    const shell = host().session(`session ${sessions}`);
    const out = async (line: string) => (await shell.run(line)).stdout.toString();
    return { shell, out, [Symbol.asyncDispose]: () => shell[Symbol.asyncDispose]() };
  };

  test("keeps directory, variables, functions and options", async () => {
    await using opened = open();
    const { shell, out } = opened;
    await shell.run("cd /etc; plain=blue; export SIZE=9; greet() { echo hello $1; }; set -u; set -f");
    expect(await out('pwd; echo $plain; sh -c "echo $SIZE"; greet you; echo *; echo $-')).toMatch(
      /^\/etc\nblue\n9\nhello you\n\*\n.*(f.*u|u.*f)/,
    );
    expect((await shell.run("echo $unset_variable; echo on")).exitCode).not.toBe(0);
  });

  test.each([
    ["true", 0, ""],
    ["false", 1, ""],
    ["(exit 255)", 255, ""],
    ["# a comment", 0, ""],
    ["echo a # b", 0, "a\n"],
    ["", 0, ""],
    ["cat <<EOF\n$((1 + 1)) here\nEOF", 0, "2 here\n"],
    ["cat <<'EOF'\nnot ended", 0, "not ended"],
    ["printf 'no newline'", 0, "no newline"],
    ["if true; then\n  echo many\nfi\necho lines", 0, "many\nlines\n"],
    ["cat", 0, ""],
    ["echo it\\'s \"quo ted\" '$x' `echo back`", 0, "it's quo ted $x back\n"],
  ])("of %j gives %i and %j, and the session goes on", async (line, exitCode, stdout) => {
    await using opened = open();
    const { shell, out } = opened;
    await shell.run("mark=kept");
    const result = await shell.run(line);
    expect({ ...result, stdout: result.stdout.toString() }).toMatchObject({ exitCode, timedOut: false });
    expect(result.stdout.toString().trimEnd()).toBe(stdout.trimEnd());
    expect(await out("echo $mark")).toBe("kept\n");
  });

  test.each(["echo 'unbalanced", 'echo "unbalanced', "echo $(", "if true", "}", "done", "echo `"])(
    "of %j is an error, not a hang, and the session goes on",
    async (line) => {
      await using opened = open();
      const { shell, out } = opened;
      await shell.run("mark=kept");
      const result = await shell.run(line);
      expect(result.exitCode).not.toBe(0);
      expect(result.stderr.length).toBeGreaterThan(0);
      expect(await out("echo $mark")).toBe("kept\n");
    },
  );

  test("of exit gives its code, and the next command has a new shell and says so", async () => {
    await using opened = open();
    const { shell } = opened;
    expect(await shell.run("gone=yes")).toMatchObject({ inNewShell: false });
    expect(await shell.run("echo last; exit 42")).toMatchObject({ exitCode: 42, stdout: Buffer.from("last\n") });
    expect(await shell.run("echo [$gone]")).toMatchObject({ stdout: Buffer.from("[]\n"), inNewShell: true });
    expect(await shell.run("true")).toMatchObject({ inNewShell: false });
  });

  test("set -e ends the shell at the first failure, with its code", async () => {
    await using opened = open();
    const { shell } = opened;
    await shell.run("set -e");
    expect(await shell.run("echo one; (exit 3); echo two")).toMatchObject({
      exitCode: 3,
      stdout: Buffer.from("one\n"),
    });
    expect(await shell.run("false; echo on")).toMatchObject({ stdout: Buffer.from("on\n"), inNewShell: true });
  });

  test("keeps stdout and stderr apart, whole and exact", async () => {
    await using opened = open();
    const { shell } = opened;
    const line = "i=0; while [ $i -lt 2000 ]; do echo out $i; echo err $i >&2; i=$((i + 1)); done";
    const { stdout, stderr } = await shell.run(line);
    const lines = (word: string) => Array.from({ length: 2000 }, (_, n) => `${word} ${n}\n`).join("");
    expect([stdout.toString(), stderr.toString()]).toEqual([lines("out"), lines("err")]);
    const binary = await shell.run("printf '\\000\\377\\r\\n\\033'; printf '\\000\\376' >&2");
    expect([binary.stdout.toString("hex"), binary.stderr.toString("hex")]).toEqual(["00ff0d0a1b", "00fe"]);
    const zeros = await shell.run("head -c 5000000 /dev/zero");
    const hash = (bytes: Buffer) => createHash("sha256").update(bytes).digest("hex");
    expect(hash(zeros.stdout)).toBe(hash(Buffer.alloc(5_000_000)));
  });

  test("takes output that looks like its own marks for output", async () => {
    await using opened = open();
    const { shell, out } = opened;
    const line = "for w in done end; do echo 0123456789abcdef0123456789abcdef $w 0; done; set -v; set -x; :";
    expect(await out(line)).toBe("0123456789abcdef0123456789abcdef done 0\n0123456789abcdef0123456789abcdef end 0\n");
    expect(await shell.run("echo traced")).toMatchObject({ exitCode: 0, stdout: Buffer.from("traced\n") });
  });

  test("takes a line of 100 KB", async () => {
    await using opened = open();
    const { out } = opened;
    const word = "x".repeat(100_000);
    expect(await out(`echo ${word}`)).toBe(`${word}\n`);
  });

  test("does not wait for what runs in the background, and survives redirected outputs", async () => {
    await using opened = open();
    const { shell } = opened;
    expect(await shell.run("sleep 600 & echo started")).toMatchObject({
      exitCode: 0,
      stdout: Buffer.from("started\n"),
    });
    await shell.run("exec >/dev/null 2>&1");
    expect(await shell.run("echo unseen; (exit 4)")).toMatchObject({ exitCode: 4, stdout: Buffer.alloc(0) });
  });

  test("of a closed shell fails, and what was queued never runs", async () => {
    await using opened = open();
    const { shell } = opened;
    const [running, queued] = ["running", "queued"].map((call) => join(directory(), `${call}-${newMark()}`));
    const call = (...lines: readonly string[]) => Promise.allSettled(lines.map((line) => shell.run(line)));
    const closed = { status: "rejected", reason: { code: "HOST_SHELL_LOST" } };
    const opening = call(`: >${queued}`);
    await shell[Symbol.asyncDispose]();
    expect(await opening).toMatchObject([closed]);
    const calls = call(`: >${running}; sleep 60`, `: >${queued}`, "true");
    await host().exec(`until [ -e ${running} ]; do sleep 0.1; done`);
    await shell[Symbol.asyncDispose]();
    expect(await calls).toMatchObject([closed, closed, closed]);
    expect(await shell.run(`[ -e ${queued} ]`)).toMatchObject({ exitCode: 1, inNewShell: true });
  });

  test("queues the calls of one session, and runs sessions side by side", async () => {
    await using opened = open();
    const { shell } = opened;
    const calls = [1, 2, 3].map((n) => shell.run(`n=$((n * 10 + ${n})); echo $n`));
    expect((await Promise.all(calls)).map(({ stdout }) => stdout.toString())).toEqual(["1\n", "12\n", "123\n"]);
    const blocked = shell.run("sleep 600", { timeoutMs: 20_000 }).catch(() => {});
    await using other = open();
    expect(await other.out("echo meanwhile")).toBe("meanwhile\n");
    await shell[Symbol.asyncDispose]();
    await blocked;
  });

  test("leaves the queue at an abort, without having run", async () => {
    await using opened = open();
    const { shell, out } = opened;
    const controller = new AbortController();
    const first = shell.run("sleep 1; ran=first");
    const second = shell.run("ran=second", { signal: controller.signal });
    controller.abort(new Error("not any more"));
    await expect(second).rejects.toThrow("not any more");
    await first;
    expect(await out("echo $ran")).toBe("first\n");
  });

  test("refuses NUL", async () => {
    await using opened = open();
    const { shell } = opened;
    await expect(shell.run("echo \0")).rejects.toBeInstanceOf(TypeError);
  });

  test("ends a command at its deadline, keeps what it said, and the next has a new shell and says so", async () => {
    await using opened = open();
    const { shell } = opened;
    await shell.run("true");
    const result = await shell.run("echo begun; echo oops >&2; sleep 600; echo never", { timeoutMs: 5000 });
    expect(result).toMatchObject({ timedOut: true, exitCode: 124, stdout: Buffer.from("begun\n") });
    expect(result.stderr.toString()).toBe("oops\n");
    expect(await shell.run("echo fresh")).toMatchObject({ stdout: Buffer.from("fresh\n"), inNewShell: true });
  });
}
