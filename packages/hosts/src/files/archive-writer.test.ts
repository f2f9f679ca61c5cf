import { extract } from "tar-stream";
import { expect, test } from "vitest";
import { packEntries } from "./archive-writer.js";
import type { FileEntry } from "./file-entry.js";

async function* entriesOf(...mtimes: readonly number[]): AsyncGenerator<FileEntry> {
  for (const mtime of mtimes) yield { kind: "directory", path: `at-${mtime}`, mode: 0o755, mtime };
}

test("a time that is too late for tar-stream's header goes into an extended one", async () => {
  const times: (string | undefined)[] = [];
  for await (const entry of packEntries(entriesOf(0, 2 ** 31 - 1, 2 ** 31, 2 ** 32)).pipe(extract())) {
    const { pax, mtime } = entry.header as { pax?: { mtime?: string } | null; mtime?: Date };
    times.push(pax?.mtime ?? mtime?.getTime().toString());
    entry.resume();
  }
  expect(times).toEqual(["0", "2147483647000", "2147483648", "4294967296"]);
});
