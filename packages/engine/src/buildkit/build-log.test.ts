import { BinaryWriter } from "@bufbuild/protobuf/wire";
import { createRedactor, Secret } from "@otto/errors";
import { expect, test } from "vitest";
import { BuildLog } from "./build-log.js";
import { decodeTrace } from "./trace.js";
import { writeBytes, writeVarint } from "./wire.js";

type Log = readonly [stepId: string, stream: 1 | 2, bytes: Uint8Array | string];

/** A `StatusResponse`. */
function encodeTrace({
  logs = [],
  completed = [],
}: {
  logs?: readonly Log[];
  completed?: readonly string[];
}): Uint8Array {
  const writer = new BinaryWriter();
  for (const id of completed) {
    const step = writeBytes(new BinaryWriter(), 1, Buffer.from(id));
    writeBytes(step, 3, Buffer.from(`[1/1] RUN ${id} hunter2`));
    for (const time of [5, 6]) writeBytes(step, time, Uint8Array.of(8, 1));
    writeBytes(writer, 1, step.finish());
  }
  for (const [id, stream, bytes] of logs) {
    const log = writeVarint(writeBytes(new BinaryWriter(), 1, Buffer.from(id)), 3, stream);
    writeBytes(writer, 3, writeBytes(log, 4, Buffer.from(bytes)).finish());
  }
  return writer.finish();
}

function follow(...traces: Parameters<typeof encodeTrace>[0][]): string[] {
  const told: string[] = [];
  const redactor = createRedactor([new Secret("hunter2"), new Secret("first\nline\n")]);
  const log = new BuildLog((progress) => {
    if (progress.type === "output") told.push(progress.text);
    if (progress.type === "step") told.push(`${progress.state} ${progress.step}`);
  }, redactor);
  for (const trace of traces) log.follow(decodeTrace(encodeTrace(trace), redactor));
  log.end();
  return told;
}

test("a secret, a letter and a line's last state that come in several messages are whole", () => {
  const [ue] = [Buffer.from("ü")];
  const parts = [
    "a hun",
    "ter2 gr",
    ue.subarray(0, 1),
    ue.subarray(1),
    "n\nfir",
    "st\nli",
    "ne\n",
    "1%\r",
    "2%\r",
    "99%",
    "\n",
  ];
  const told = follow(...parts.map((bytes) => ({ logs: [["s", 1, bytes] as const] })));
  expect(told.join("")).toBe("a [redacted] grün\n[redacted]\n99%\n");
});

test("stdout and stderr of a step, and steps beside it, do not cut into each other", () => {
  const parts: Log[] = [
    ["s", 1, "out hun"],
    ["s", 2, "err\n"],
    ["t", 1, "other\n"],
    ["s", 1, "ter2\n"],
  ];
  expect(follow(...parts.map((log) => ({ logs: [log] })))).toEqual(["err\n", "other\n", "out [redacted]\n"]);
});

test("what a step says without a newline is told when it ends, before its end, and what comes later is not lost", () => {
  const told = follow({ logs: [["s", 1, "hunter"]] }, { completed: ["s"] }, { logs: [["s", 1, "late"]] });
  expect(told).toEqual(["hunter", "done [1/1] RUN s [redacted]", "late"]);
});
