import { finished } from "node:stream/promises";
import type { TreePlan } from "@otto/remote-tree";
import { expect, test } from "vitest";
import type { StackSession } from "../session/stack-session.js";
import { sendFiles } from "./staged-files.js";
import type { UpOptions } from "./up-options.js";

const sizeBytes = 4;

/** A plan that sends so many files. @param onSize called when a size is asked for */
function planOf(count: number, onSize: () => void): TreePlan {
  const send = Array.from({ length: count }, (_, index) => ({
    ...{ kind: "file" as const, path: `repo/${index}`, mode: 0o644, digest: "0", known: undefined },
    get size() {
      onSize();
      return sizeBytes;
    },
    read: () => [Buffer.alloc(sizeBytes)],
  }));
  const nothing = { make: [], remove: [], pending: { entries: {}, shared: [] }, wanted: {}, isSharedMore: false };
  return { ...nothing, send };
}

const session = {
  project: "p",
  parent: { id: "parent", docker: { command: ["docker"], stagingRoot: undefined } },
  async run(_script: string, { input }: { input?: NodeJS.ReadableStream } = {}) {
    if (input !== undefined) await finished(input.resume());
    return { exitCode: 0, output: "" };
  },
} as unknown as StackSession;

test("progress counts the bytes of files, and asks for each size as often however many files there are", async () => {
  const asked = async (count: number) => {
    let sizes = 0;
    const events: Parameters<NonNullable<UpOptions["onEvent"]>>[0][] = [];
    const tree = planOf(count, () => {
      sizes += 1;
    });
    await sendFiles(session, { directory: "/d", tree }, { onEvent: (event) => events.push(event) });
    const bytes = count * sizeBytes;
    expect(events.slice(-2)).toEqual([
      { type: "compose.sending", project: "p", bytes, totalBytes: bytes },
      { type: "compose.staged", project: "p", files: count, bytes },
    ]);
    return sizes / count;
  };
  expect(await asked(100)).toBe(await asked(10));
});
