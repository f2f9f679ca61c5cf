import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once, setMaxListeners } from "node:events";
import { type FileHandle, open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { findGrowth } from "@otto/lab";
import { expect, test } from "vitest";

const exec = () => Promise.resolve();
const directory = join(tmpdir(), `otto-long-life-${randomBytes(4).toString("hex")}`);

test("what is gathered is named, and nothing else", async () => {
  const { signal } = new AbortController();
  setMaxListeners(0, signal);
  const streams: PassThrough[] = [];
  const signals: AbortSignal[] = [];
  const handles: FileHandle[] = [];
  const gather = async () => {
    signal.addEventListener("abort", () => {});
    streams.push(new PassThrough());
    signals.push(new AbortController().signal);
    handles.push(await open("/dev/null"));
  };
  const works = new Map([["gather", { times: 29, work: gather }]]);
  const count = async () => ({ handles: handles.length, none: 0 });
  expect(await findGrowth({ directory, signal, exec, works, count })).toEqual([
    expect.stringMatching(/^descriptors: /),
    expect.stringMatching(/^streams: /),
    expect.stringMatching(/^signals: /),
    "listeners: 1 at the start, 30 at the end",
    "handles: 1 at the start, 30 at the end",
  ]);
  for (const handle of handles) await handle.close();
});

test("a process that nobody waits for is named", async () => {
  const { signal } = new AbortController();
  const left: number[] = [];
  const leave = async () => {
    const shell = spawn("sh", ["-c", "setsid sleep 600 >/dev/null 2>&1 & echo $!"], {
      env: { ...process.env, HOME: directory },
    });
    const [[pid]] = await Promise.all([once(shell.stdout, "data"), once(shell, "close")]);
    left.push(Number(pid));
  };
  const works = new Map([["leave", { times: 5, work: leave }]]);
  expect(await findGrowth({ directory, signal, exec, works })).toEqual([expect.stringMatching(/^processes: /)]);
  for (const pid of left) process.kill(pid);
});

test("what is let go is not named", async () => {
  const { signal } = new AbortController();
  const work = async () => {
    const stream = new PassThrough();
    const inner = AbortSignal.any([signal]);
    await using _ = await open("/dev/null");
    stream.end(String(inner.aborted));
  };
  expect(await findGrowth({ directory, signal, exec, works: new Map([["let go", { times: 50, work }]]) })).toEqual([]);
});
