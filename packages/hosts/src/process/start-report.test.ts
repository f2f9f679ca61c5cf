import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import fc from "fast-check";
import { expect, test } from "vitest";
import { readStartReport } from "./start-report.js";

async function read(all: string, size: number, sentinel?: string) {
  const bytes = Buffer.from(all);
  const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, n) =>
    bytes.subarray(n * size, (n + 1) * size),
  );
  const lines: string[] = [];
  const report = readStartReport(Readable.from(chunks), sentinel, { onLine: (line) => lines.push(line) });
  const output = (await buffer(report.output)).toString();
  return { output, lines, refusal: await report.refusal, exitCode: await report.exitCode };
}

test("a sentinel that comes ahead is taken once, and nothing is lost, however the stream is cut", async () => {
  const said = "sh: no locale\notto-sentinel 12ab begun\nout otto-sentinel 99 x\n12ab exit 7\nlate";
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: said.length }), async (size) => {
      expect(await read(said, size)).toEqual({
        output: "sh: no locale\nout otto-sentinel 99 x\nlate",
        lines: ["begun", "exit 7"],
        refusal: undefined,
        exitCode: 7,
      });
    }),
  );
});

test("a program that could not be started is one, also when its script says how it ended", async () => {
  const { refusal, exitCode } = await read("m begun\nsh: x: not found\nm\nm exit 127\n", 100, "m");
  expect([refusal, exitCode]).toEqual(["sh: x: not found", 127]);
});

test("where no sentinel came, everything is output", async () => {
  expect(await read("Error: exec failed", 5)).toMatchObject({ output: "Error: exec failed", exitCode: undefined });
});

test("a script that can make no sentinel gets one, and what it says after that is read", async () => {
  const said = "noise\notto-sentinel ? otto-sentinel 77 begun\nout\n77 exit 3\n";
  for (let size = 1; size <= said.length; size += 1) {
    expect(await read(said, size)).toMatchObject({ output: "noise\nout\n", lines: ["begun", "exit 3"], exitCode: 3 });
  }
});

test("what has no sentinel is passed on, and not collected", async () => {
  const megabyte = Buffer.alloc(1 << 20, "x");
  let read = 0;
  const endless = Readable.from(
    (function* () {
      for (; read < 1000; read += 1) yield megabyte;
    })(),
  );
  const report = readStartReport(endless, undefined);
  const [first] = await report.output.take(1).toArray();
  expect([(first as Buffer).subarray(0, 3).toString(), read < 100]).toEqual(["xxx", true]);
  expect([await report.first, await report.refusal, await report.exitCode]).toEqual([undefined, undefined, undefined]);
});
