import { createHash } from "node:crypto";
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createReadBuffer, digestFile, digestPrefix } from "./file-digest.js";

const chunkBytes = 256 * 1024;
let directory: string;
let path: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "otto-digest-"));
  path = join(directory, "file");
});
afterEach(() => rmSync(directory, { recursive: true }));

function finish(steps: ReturnType<typeof digestFile>) {
  let step = steps.next();
  while (step.done !== true) step = steps.next();
  return step.value;
}

test.each([0, 1, 4096, chunkBytes - 1, chunkBytes, chunkBytes + 1, 3 * chunkBytes])(
  "%i bytes have their digest",
  (size) => {
    const content = Buffer.alloc(size, "otto");
    writeFileSync(path, content);
    const found = finish(digestFile(path, createReadBuffer()));
    expect(found?.digest).toBe(createHash("sha256").update(content).digest("binary"));
    expect(found?.stats.size).toBe(BigInt(size));
  },
);

test("a file that grows while it is read has none", () => {
  writeFileSync(path, Buffer.alloc(2 * chunkBytes));
  const steps = digestFile(path, createReadBuffer());
  steps.next();
  appendFileSync(path, "more");
  expect(finish(steps)).toBeUndefined();
});

test("a file that is rewritten with the same size while it is read has none", () => {
  writeFileSync(path, Buffer.alloc(2 * chunkBytes));
  const steps = digestFile(path, createReadBuffer());
  steps.next();
  // Past the tick of the file system's clock, or the change would not show.
  for (const end = Date.now() + 20; Date.now() < end; );
  writeFileSync(path, Buffer.alloc(2 * chunkBytes, 1));
  expect(finish(steps)).toBeUndefined();
});

test("a file whose mtime is put back after it was rewritten with the same size has none", () => {
  writeFileSync(path, Buffer.alloc(2 * chunkBytes));
  // To a whole second, which every file system can hold.
  utimesSync(path, 1, 1);
  const steps = digestFile(path, createReadBuffer());
  steps.next();
  for (const end = Date.now() + 20; Date.now() < end; );
  writeFileSync(path, Buffer.alloc(2 * chunkBytes, 1));
  utimesSync(path, 1, 1);
  expect(finish(steps)).toBeUndefined();
});

test("a link or directory that took the file's place is not read", () => {
  symlinkSync("/etc/hostname", path);
  expect(() => finish(digestFile(path, createReadBuffer()))).toThrow("ELOOP");
  mkdirSync(join(directory, "d"));
  expect(finish(digestFile(join(directory, "d"), createReadBuffer()))).toBeUndefined();
});

test("as many bytes as a growing file has at a moment have their digest; of one that shrinks they have none", () => {
  const content = Buffer.alloc(2 * chunkBytes, "otto");
  writeFileSync(path, content);
  const growing = digestPrefix(path, createReadBuffer());
  growing.next();
  appendFileSync(path, "more");
  const found = finish(growing);
  expect(found?.digest).toBe(createHash("sha256").update(content).digest("binary"));
  expect(found?.stats.size).toBe(BigInt(content.length));
  const shrinking = digestPrefix(path, createReadBuffer());
  shrinking.next();
  truncateSync(path, chunkBytes);
  expect(finish(shrinking)).toBeUndefined();
});
