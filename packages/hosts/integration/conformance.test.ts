import { execFileSync, spawn as spawnProcess } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, readFile, readlink, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough, Readable } from "node:stream";
import { buffer, text } from "node:stream/consumers";
import { setTimeout as delay } from "node:timers/promises";
import type { Parent } from "@otto/hosts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Parents, startParents, ways } from "./conformance-parents.js";

let parents: Parents;
let directory: string;
let marks = 0;

beforeAll(async () => {
  parents = await startParents();
  directory = await mkdtemp(join(tmpdir(), "otto-conformance-"));
});

afterAll(async () => {
  await parents[Symbol.asyncDispose]();
  await rm(directory, { recursive: true });
});

/** A number of seconds that no other process on the machine sleeps for. */
function newMark(): string {
  marks += 1;
  return `4${marks}${process.pid}.5`;
}

/** Processes that run `sleep MARK`; asked of this machine itself, not of the parent. */
function countSleeps(mark: string): number {
  const found = spawnSyncText("pgrep", ["-c", "-f", `^sleep ${mark.replace(".", "\\.")}$`]);
  return Number(found.trim());
}

function spawnSyncText(program: string, argv: readonly string[]): string {
  try {
    return execFileSync(program, argv, { encoding: "utf8" });
  } catch (error) {
    return (error as { stdout: string }).stdout;
  }
}

describe.each(ways)("a parent (%s)", (way) => {
  let parent: Parent;
  beforeAll(() => {
    parent = parents.byWay[way];
  });

  test("keeps stdout, stderr and the exit code apart, to the byte", async () => {
    const result = await parent.exec(["sh", "-c", "printf 'a\\0\\377b\\r\\n'; printf 'oo\\0ps' >&2; exit 7"]);
    expect({ ...result, stdout: result.stdout.toString("hex"), stderr: result.stderr.toString("hex") }).toEqual({
      exitCode: 7,
      stdout: "6100ff620d0a",
      stderr: "6f6f007073",
      timedOut: false,
    });
  });

  test("runs a string in a shell, and a list without one", async () => {
    expect((await parent.exec("echo $((1 + 2)) | cat")).stdout.toString()).toBe("3\n");
    const argv = ["printf", "%s|", "a b", "", "'\"$(id)`", "x\ny", "é", "--", "~", "*", "\\"];
    expect((await parent.exec(argv)).stdout.toString()).toBe(`${argv.slice(2).join("|")}|`);
  });

  test("sends stdin unchanged, and its end", async () => {
    const bytes = randomBytes(3_000_000);
    for (const stdin of [bytes, Readable.from([bytes.subarray(0, 7), bytes.subarray(7)])]) {
      const { stdout } = await parent.exec(["cat"], { stdin });
      expect(stdout.equals(bytes)).toBe(true);
    }
    expect((await parent.exec(["cat"])).stdout.toString()).toBe("");
    expect((await parent.exec(["cat"], { stdin: "é" })).stdout.toString()).toBe("é");
  });

  test("lets a command end without reading its stdin", async () => {
    expect((await parent.exec(["true"], { stdin: randomBytes(20_000_000) })).exitCode).toBe(0);
    const silent = new Readable({ read() {} });
    expect((await parent.exec(["true"], { stdin: silent })).exitCode).toBe(0);
    expect(silent.destroyed).toBe(true);
  });

  test("ends a command whose source of stdin fails, and throws what failed", async () => {
    const source = new PassThrough();
    const running = parent.exec(["cat"], { stdin: source });
    source.write("half");
    source.destroy(new Error("the disk is gone"));
    await expect(running).rejects.toThrow("the disk is gone");
  });

  test("counts a signal as shells do, and names it where a process is spawned", async () => {
    expect((await parent.exec(["sh", "-c", "kill -KILL $$"])).exitCode).toBe(137);
    const started = await parent.spawn(["sleep", "60"]);
    started.stdout.resume();
    started.stderr.resume();
    started.kill("SIGTERM");
    expect(await started.exit).toMatchObject({ exitCode: undefined, signal: "SIGTERM" });
  });

  test("starts in a directory and with variables", async () => {
    const options = { cwd: "/usr", env: { KEY: "it's\n$HOME", OTHER: "" } };
    const { stdout } = await parent.exec(["sh", "-c", 'printf "%s|" "$PWD" "$KEY" "$OTHER"'], options);
    expect(stdout.toString()).toBe("/usr|it's\n$HOME||");
  });

  test("refuses an empty command and an argument with NUL", async () => {
    await expect(parent.exec([])).rejects.toBeInstanceOf(TypeError);
    await expect(parent.exec(["echo", "a\0b"])).rejects.toBeInstanceOf(TypeError);
  });

  test("has ended an aborted command, children too, when the call rejects with the reason", async () => {
    const mark = newMark();
    const controller = new AbortController();
    const running = parent.exec(`sleep ${mark} & sleep ${mark}; true`, { signal: controller.signal });
    await expect.poll(() => countSleeps(mark)).toBe(2);
    controller.abort(new Error("enough"));
    await expect(running).rejects.toThrow("enough");
    expect(countSleeps(mark)).toBe(0);
  });

  test("ends one that does not listen to SIGTERM", async () => {
    const mark = newMark();
    const controller = new AbortController();
    const running = parent.exec(`trap '' TERM; sleep ${mark}; sleep ${mark}`, { signal: controller.signal });
    await expect.poll(() => countSleeps(mark)).toBe(1);
    controller.abort(new Error("enough"));
    await expect(running).rejects.toThrow("enough");
    expect(countSleeps(mark)).toBe(0);
  });

  test("lets an aborted command clean up", async () => {
    const file = join(directory, `cleaned-${way.replaceAll(" ", "-")}`);
    const controller = new AbortController();
    const started = await parent.spawn(["sh", "-c", `trap 'echo yes >${file}; exit' TERM; echo on; sleep 60 & wait`], {
      signal: controller.signal,
    });
    await once(started.stdout, "data");
    controller.abort(new Error("enough"));
    await expect(started.exit).rejects.toThrow("enough");
    expect(await readFile(file, "utf8")).toBe("yes\n");
  });

  test("starts nothing for a signal that has fired", async () => {
    const signal = AbortSignal.abort(new Error("before"));
    await expect(parent.exec(["true"], { signal })).rejects.toThrow("before");
    await expect(parent.spawn(["true"], { signal })).rejects.toThrow("before");
  });

  test("talks with a process both ways while it runs", async () => {
    const started = await parent.spawn(["sh", "-c", 'while read -r line; do echo "got $line"; done; echo end >&2']);
    started.stdin.write("one\n");
    const [first] = (await once(started.stdout, "data")) as [Buffer];
    expect(first.toString()).toBe("got one\n");
    started.stdin.end("two\n");
    expect(await Promise.all([text(started.stdout), text(started.stderr)])).toEqual(["got two\n", "end\n"]);
    expect(await started.exit).toEqual({ exitCode: 0 });
  });

  test("runs many commands at once, each with its own streams", async () => {
    const numbers = Array.from({ length: 40 }, (_, number) => number);
    const results = await Promise.all(
      numbers.map((number) =>
        parent.exec(["sh", "-c", 'cat; exit "$1"', "sh", `${number}`], { stdin: `in ${number}` }),
      ),
    );
    expect(results.map(({ exitCode, stdout }) => [exitCode, stdout.toString()])).toEqual(
      numbers.map((number) => [number, `in ${number}`]),
    );
  });

  test("hands over much output whole, and stops a process whose output is not read", async () => {
    const size = 50_000_000;
    const { stdout } = await parent.exec(["head", "-c", `${size}`, "/dev/zero"]);
    expect(createHash("sha256").update(stdout).digest("hex")).toBe(
      createHash("sha256").update(Buffer.alloc(size)).digest("hex"),
    );
    const counter = join(directory, `written-${way.replaceAll(" ", "-")}`);
    const script = 'n=0; while [ $n -lt 400 ]; do head -c 262144 /dev/zero; n=$((n + 1)); echo $n >"$1"; done';
    const started = await parent.spawn(["sh", "-c", script, "sh", counter]);
    const written = async () => Number(await readFile(counter, "utf8").catch(() => "0"));
    for (let last = -1, now = 0; last !== now; now = await written()) {
      last = now;
      await delay(500);
    }
    expect(await written()).toBeLessThan(100);
    expect((await buffer(started.stdout)).length).toBe(400 * 262_144);
    expect(await started.exit).toEqual({ exitCode: 0 });
  });

  test("unpacks a tree with contents, modes and links, in a directory that is made", async () => {
    const tree = await mkdtemp(join(directory, "tree-"));
    await mkdir(join(tree, "empty"));
    await writeFile(join(tree, "a b"), "text", { mode: 0o755 });
    await symlink("a b", join(tree, "link"));
    const target = join(directory, way, "it's here");
    await parent.sendTree(packTree(tree), target);
    expect((await readdir(target)).toSorted()).toEqual(["a b", "empty", "link"]);
    expect([await readFile(join(target, "a b"), "utf8"), await readlink(join(target, "link"))]).toEqual([
      "text",
      "a b",
    ]);
    expect((await stat(join(target, "a b"))).mode & 0o777).toBe(0o755);
  });

  test("says what tar said of a tree that cannot be unpacked, and what broke the source", async () => {
    const target = join(directory, `broken ${way}`);
    await expect(parent.sendTree(Readable.from([Buffer.alloc(2048, "x")]), target)).rejects.toMatchObject({
      code: "COMMAND_FAILED",
      message: expect.stringContaining("tar") as string,
    });
    const source = new PassThrough();
    const sending = parent.sendTree(source, target);
    source.write(Buffer.alloc(512));
    source.destroy(new Error("the disk is gone"));
    await expect(sending).rejects.toThrow("the disk is gone");
  });

  test("reaches its engine, with many requests at once", async () => {
    const versions = await Promise.all(Array.from({ length: 20 }, () => parent.engine.version()));
    expect(new Set(versions.map(({ version }) => version)).size).toBe(1);
    expect(versions[0]?.version).toMatch(/^\d+\./);
    expect(Array.isArray(await parent.engine.listContainers())).toBe(true);
  });
});

// Side by side: most of it is waiting.
test.concurrent.each(ways)(
  "a parent (%s) ends a command at its deadline, children too, and keeps what it had said",
  async (way) => {
    const mark = newMark();
    const command = `printf out; printf err >&2; sleep ${mark} & sleep ${mark}`;
    // Long enough for a busy machine to start it.
    const result = await parents.byWay[way].exec(command, { timeoutMs: 5000 });
    expect({ ...result, stdout: result.stdout.toString(), stderr: result.stderr.toString() }).toEqual({
      exitCode: 124,
      stdout: "out",
      stderr: "err",
      timedOut: true,
    });
    expect(countSleeps(mark)).toBe(0);
  },
);

function packTree(tree: string): Readable {
  return spawnProcess("tar", ["-cf", "-", "-C", tree, "."]).stdout.pipe(new PassThrough());
}
