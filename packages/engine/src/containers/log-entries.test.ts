import { Readable } from "node:stream";
import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeLog, type LogEntry } from "./log-entries.js";

const time = "2026-01-31T12:00:00.123456789Z";

function frame(stream: 1 | 2, text: string): Buffer {
  const header = Buffer.from([stream, 0, 0, 0, 0, 0, 0, 0]);
  header.writeUInt32BE(Buffer.byteLength(text), 4);
  return Buffer.concat([header, Buffer.from(text)]);
}

async function decode(chunks: readonly Buffer[], tty = false): Promise<LogEntry[]> {
  const entries: LogEntry[] = [];
  for await (const batch of decodeLog(Readable.from(chunks), { tty })) entries.push(...batch);
  return entries;
}

const show = (entries: readonly LogEntry[]) =>
  entries.map(({ stream, bytes, endsLine }) => `${stream} ${bytes.toString()}${endsLine ? "" : " …"}`);

test("frames are entries with their stream, and a line's pieces are told from its end", async () => {
  const log = Buffer.concat([frame(1, `${time} out\n`), frame(2, `${time} a `), frame(2, `${time} b\n`)]);
  const entries = await decode([log]);
  expect(show(entries)).toEqual(["stdout out", "stderr a  …", "stderr b"]);
  expect(new Set(entries.map(({ timestamp }) => timestamp))).toEqual(new Set([time]));
});

test("however the bytes come, the entries are the same", async () => {
  const log = Buffer.concat([frame(1, `${time} one\n`), frame(2, `${time} \n`), frame(1, `${time} three\n`)]);
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(log.length), { maxLength: 8 }), async (cuts) => {
      const bounds = [0, ...cuts.toSorted((a, b) => a - b), log.length];
      const chunks = bounds.slice(1).map((end, index) => log.subarray(bounds[index], end));
      expect(show(await decode(chunks))).toEqual(["stdout one", "stderr ", "stdout three"]);
    }),
  );
});

test("a terminal's log has no frames: lines end at newlines, and long ones after 16 KiB", async () => {
  const long = "x".repeat(16 * 1024);
  const log = Buffer.from(`${time} short\r\n${time} ${long}${time} end\r\n`);
  const entries = await decode([log.subarray(0, 9000), log.subarray(9000)], true);
  expect(show(entries)).toEqual(["stdout short", `stdout ${long} …`, "stdout end"]);
});

test("times in the engine's zone become UTC with nine decimals", async () => {
  const [entry] = await decode([frame(1, "2026-01-31T14:30:00.5+02:30 x\n")]);
  expect(entry?.timestamp).toBe("2026-01-31T12:00:00.500000000Z");
});

test.each([
  ["a frame that is cut off", frame(1, `${time} out\n`).subarray(0, 20)],
  ["a line without a time", frame(1, "hello\n")],
  ["a time that no calendar has", frame(1, "2026-13-31T14:30:00.5+02:30 x\n")],
])("%s is an error", async (_, log) => {
  await expect(decode([log])).rejects.toMatchObject({ code: "ENGINE_STREAM_INVALID" });
});
