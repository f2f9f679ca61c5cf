import { PassThrough, Readable } from "node:stream";
import { expect, test, vi } from "vitest";
import type { ProcessExit, RemoteProcess } from "./command.js";
import { runToEnd } from "./run-to-end.js";

function run(exit: ProcessExit, maxOutputBytes?: number) {
  const ended: unknown[] = [];
  const start = async (signal: AbortSignal): Promise<RemoteProcess> => {
    signal.addEventListener("abort", () => ended.push(signal.reason));
    return {
      stdin: new PassThrough().resume(),
      stdout: Readable.from([Buffer.from("some")]),
      stderr: Readable.from([Buffer.from("words")]),
      exit: Promise.resolve(exit),
      kill: () => {},
      resize: () => {},
    };
  };
  const { signal } = new AbortController();
  return { ended, result: runToEnd(start, { label: "ls on a", maxOutputBytes, signal }) };
}

test.each([
  [{ exitCode: 3 }, 3],
  [{ exitCode: undefined, signal: "SIGTERM" }, 143],
  [{ exitCode: undefined, signal: "SIGNONE" }, 255],
  // A channel that was closed without a word.
  [{ exitCode: undefined }, 255],
])("an end of %j is the exit code %i", async (exit, exitCode) => {
  expect(await run(exit).result).toMatchObject({ exitCode, stdout: Buffer.from("some"), stderr: Buffer.from("words") });
});

test("more output than is allowed ends the command and is an error, of both streams together", async () => {
  const { ended, result } = run({ exitCode: 0 }, 8);
  await expect(result).rejects.toMatchObject({ code: "COMMAND_OUTPUT_LIMIT", details: { maxBytes: 8 } });
  expect(ended).toMatchObject([{ code: "COMMAND_OUTPUT_LIMIT" }]);
  expect(await run({ exitCode: 0 }, 9).result).toMatchObject({ exitCode: 0 });
});

test("a source that fails ends the stdin alone, where the command is to make of it what it will", async () => {
  const stdin = new PassThrough().resume();
  const kill = vi.fn<() => void>();
  const exit = new Promise<ProcessExit>((resolve) => stdin.once("end", () => resolve({ exitCode: 3 })));
  const [stdout, stderr] = [Readable.from([]), Readable.from([])];
  const start = async (): Promise<RemoteProcess> => ({ stdin, stdout, stderr, exit, kill, resize: () => {} });
  const source = new Readable({ read: () => source.destroy(new Error("no such file")) });
  const running = runToEnd(start, { label: "tar on a", stdin: source, brokenStdinEnds: "stdin" });
  await expect(running).rejects.toThrow("no such file");
  expect(stdin.readableEnded).toBe(true);
  expect(kill).not.toHaveBeenCalled();
});
