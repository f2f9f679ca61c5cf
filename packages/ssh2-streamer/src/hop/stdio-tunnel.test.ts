import { PassThrough, Writable } from "node:stream";
import { text } from "node:stream/consumers";
import { setImmediate } from "node:timers/promises";
import { expect, test } from "vitest";
import type { ChannelProcess } from "../process/remote-process.js";
import { StdioTunnel } from "./stdio-tunnel.js";

function endedProcess(exit: Promise<{ exitCode: number }>, error?: Error): ChannelProcess {
  exit.catch(() => {});
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  for (const stream of [stdout, stderr]) {
    stream.on("error", () => {});
    if (error === undefined) stream.end();
    else stream.destroy(error);
  }
  const stdin = new Writable({ write: (_chunk, _encoding, done) => done() });
  return { stdin, stdout, stderr, exit, kill: () => {}, resize: () => {}, end: async () => {}, close: () => {} };
}

test("a process that was lost before its stream is opened fails the stream", async () => {
  const lost = new Error("lost");
  const tunnel = new StdioTunnel(endedProcess(Promise.reject(lost), lost), { explain: (stderr) => new Error(stderr) });
  for (let turn = 0; turn < 3; turn += 1) await setImmediate();
  await expect(text(tunnel.open())).rejects.toThrow(lost);
});

test("a process that ended before its stream is opened ends the stream", async () => {
  const tunnel = new StdioTunnel(endedProcess(Promise.resolve({ exitCode: 0 })), {
    explain: (stderr) => new Error(stderr),
  });
  const socket = tunnel.open();
  expect(await text(socket)).toBe("");
});

test("a process that ended well while it was written to ends the stream after all that it said", async () => {
  const ended = endedProcess(Promise.resolve({ exitCode: 0 }));
  const stdout = new PassThrough();
  const stdin = new Writable({ write: (_chunk, _encoding, done) => done(new Error("write EPIPE")) });
  stdin.on("error", () => {});
  const tunnel = new StdioTunnel({ ...ended, stdin, stdout }, { explain: (stderr) => new Error(stderr) });
  const socket = tunnel.open();
  socket.write("more than it reads");
  await setImmediate();
  stdout.end("the answer");
  expect(await text(socket)).toBe("the answer");
});
