import { createHash } from "node:crypto";
import { once } from "node:events";
import { join } from "node:path";
import { PassThrough, Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { createNoise } from "@otto/lab";
import { expect, test } from "vitest";
import type { Setting } from "./host.js";
import type { HostTests } from "./host-tests.js";

const neverRan = { code: "HOST_COMMAND_NOT_STARTED" };

/** Programs and their streams, where there may be no shell. */
export function testCommands({ host, directory }: HostTests): void {
  test("keeps stdout, stderr and the exit code apart", async () => {
    const program = 'BEGIN { printf "out"; printf "no newline" > "/dev/stderr"; exit 7 }';
    const result = await host().exec(["awk", program]);
    expect({ ...result, stdout: result.stdout.toString(), stderr: result.stderr.toString() }).toEqual({
      exitCode: 7,
      stdout: "out",
      stderr: "no newline",
      timedOut: false,
    });
    const started = await host().spawn(["awk", program.replace("7", "127")]);
    const outputs = await Promise.all([text(started.stdout), text(started.stderr)]);
    expect([outputs, await started.exit]).toEqual([["out", "no newline"], { exitCode: 127 }]);
  });

  test("runs a list as it is, and no words of a shell", async () => {
    const argv = ["printf", "%s|", "a b", "", "'\"$(id)`", "x\ny", "é", "--", "~", "*", "\\"];
    for (const setting of [{}, { stdin: "" }]) {
      await expect(host().exec(["exit", "3"], setting)).rejects.toMatchObject(neverRan);
      const { stdout } = await host().exec(argv, setting);
      expect(stdout.toString()).toBe(`${argv.slice(2).join("|")}|`);
    }
  });

  test("sends stdin unchanged, and its end", async () => {
    const bytes = createNoise(3_000_000);
    for (const stdin of [bytes, Readable.from([bytes.subarray(0, 7), bytes.subarray(7)])]) {
      const { stdout } = await host().exec(["cat"], { stdin });
      expect(stdout.equals(bytes)).toBe(true);
    }
    expect((await host().exec(["cat"])).stdout.toString()).toBe("");
    expect((await host().exec(["cat"], { stdin: "é" })).stdout.toString()).toBe("é");
  });

  test("lets a command end without reading its stdin", async () => {
    expect((await host().exec(["true"], { stdin: Buffer.alloc(20_000_000) })).exitCode).toBe(0);
    const silent = new Readable({ read() {} });
    expect((await host().exec(["true"], { stdin: silent })).exitCode).toBe(0);
    expect(silent.destroyed).toBe(true);
  });

  test("ends a command whose source of stdin fails, and throws what failed", async () => {
    const source = new PassThrough();
    const running = host().exec(["cat"], { stdin: source });
    source.write("half");
    source.destroy(new Error("the disk is gone"));
    await expect(running).rejects.toThrow("the disk is gone");
  });

  test("starts in a directory, and with its variables as they were given, whatever their names", async () => {
    const names = [
      "mark",
      "code",
      "self",
      "watcher",
      "pid",
      "left",
      "signal",
      "line",
      "found",
      "stat",
      "among",
      "otto",
    ];
    const env = Object.fromEntries(names.map((name) => [name, `it's\n$${name}`]));
    const script = names.map((name) => `printf "%s|", ENVIRON["${name}"]`).join("; ");
    for (const setting of [{ env }, { env, stdin: "" }]) {
      const { stdout } = await host().exec(["awk", `BEGIN { ${script} }`], setting);
      expect(stdout.toString()).toBe(names.map((name) => `it's\n$${name}|`).join(""));
      const where = await host().exec(["pwd"], { ...setting, directory: directory() });
      expect(where.stdout.toString()).toBe(`${directory()}\n`);
    }
  });

  test("refuses an empty command and an argument with NUL", async () => {
    for (const argv of [[], ["echo", "a\0b"]]) {
      await expect(host().exec(argv)).rejects.toBeInstanceOf(TypeError);
      await expect(host().spawn(argv)).rejects.toBeInstanceOf(TypeError);
    }
  });

  test("starts nothing for a signal that has fired", async () => {
    const signal = AbortSignal.abort(new Error("before"));
    await expect(host().exec(["true"], { signal })).rejects.toThrow("before");
    await expect(host().spawn(["true"], { signal })).rejects.toThrow("before");
  });

  test("talks with a process while it runs", async () => {
    const started = await host().spawn(["cat"]);
    started.stderr.resume();
    started.stdin.write("one\n");
    const [first] = (await once(started.stdout, "data")) as [Buffer];
    expect(first.toString()).toBe("one\n");
    started.stdin.end("two\n");
    expect(await text(started.stdout)).toBe("two\n");
    expect(await started.exit).toEqual({ exitCode: 0 });
  });

  test("runs many commands at once, each with its own streams", async () => {
    const numbers = Array.from({ length: 40 }, (_, number) => number);
    const results = await Promise.all(
      numbers.map((number) => host().exec(["awk", `{ print } END { exit ${number} }`], { stdin: `in ${number}\n` })),
    );
    expect(results.map(({ exitCode, stdout }) => [exitCode, stdout.toString()])).toEqual(
      numbers.map((number) => [number, `in ${number}\n`]),
    );
  });

  test("hands over much output whole", async () => {
    const size = 10_000_000;
    const { stdout } = await host().exec(["head", "-c", `${size}`, "/dev/zero"]);
    const digest = (bytes: Buffer) => createHash("sha256").update(bytes).digest("hex");
    expect(digest(stdout)).toBe(digest(Buffer.alloc(size)));
  });

  test.each<[string, Setting]>([
    ["without stdin", {}],
    ["with stdin", { stdin: "" }],
    ["with variables", { env: { KEY: "value" } }],
  ])(
    "tells a program that is not there or may not be run from one that ends with its exit code, %s",
    async (_, setting) => {
      const plain = join(directory(), "no-program");
      for (const argv of [["no-such-program", "x"], ["/no/such/program"], [directory()], [plain]]) {
        await expect(host().exec(argv, setting)).rejects.toMatchObject({
          ...neverRan,
          message: expect.stringContaining(argv[0] ?? "") as string,
        });
      }
      await expect(host().exec(["true"], { ...setting, directory: "/no/such" })).rejects.toMatchObject(neverRan);
      for (const code of [126, 127, 255]) {
        expect(await host().exec(["awk", `BEGIN { exit ${code} }`], setting)).toMatchObject({ exitCode: code });
      }
    },
  );

  test("makes the end of a spawned program that is not there an error", async () => {
    const ending = host()
      .spawn(["no-such-program"])
      .then(async (started) => {
        for (const stream of [started.stdout, started.stderr]) stream.resume();
        return await started.exit;
      });
    await expect(ending).rejects.toMatchObject(neverRan);
  });
}
