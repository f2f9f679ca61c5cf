import { PassThrough, Readable } from "node:stream";
import { setImmediate } from "node:timers/promises";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { packEntries } from "./archive-writer.js";
import type { FileEntry } from "./file-entry.js";
import { runShell, type StartShell } from "./shell-process.js";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
});
afterEach(() => {
  vi.useRealTimers();
});

const command = { script: "cat", args: [], input: Readable.from([]) };

/** A process that does not tell how it ends, as on a link that swallows. */
const startSilent: StartShell = async () => ({
  stdin: new PassThrough(),
  stdout: new PassThrough(),
  stderr: new PassThrough(),
  exit: new Promise(() => {}),
  kill: () => {},
  resize: () => {},
});

test("an abort waits no longer for a process than it may tidy up", async () => {
  const controller = new AbortController();
  const running = runShell(startSilent, command, controller.signal);
  const ended = vi.fn<(reason: unknown) => void>();
  running.catch(ended);
  await setImmediate();
  controller.abort(new Error("enough"));
  await vi.advanceTimersByTimeAsync(4999);
  expect(ended).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(1);
  await expect(running).rejects.toThrow("enough");
});

test("an abort calls off at once what has not started", async () => {
  const controller = new AbortController();
  const start: StartShell = (_script, _args, signal) =>
    new Promise((_, reject) => {
      signal?.addEventListener("abort", () => reject(signal.reason));
    });
  const running = runShell(start, command, controller.signal);
  running.catch(() => {});
  controller.abort(new Error("enough"));
  await vi.advanceTimersByTimeAsync(0);
  await expect(running).rejects.toThrow("enough");
});

test("where the shell cannot be started, nothing of the input has been opened", async () => {
  const opened = vi.fn<() => void>();
  async function* entries(): AsyncGenerator<FileEntry> {
    opened();
    yield { kind: "directory", path: "a", mode: 0o755, mtime: 0 };
  }
  const start: StartShell = async () => {
    await setImmediate();
    throw new Error("lost");
  };
  const running = runShell(start, { ...command, input: packEntries(entries()) }, undefined);
  await expect(running).rejects.toThrow("lost");
  expect(opened).not.toHaveBeenCalled();
});
