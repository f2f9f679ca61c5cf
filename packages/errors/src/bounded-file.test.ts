import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { describeFileError, readBoundedFile, readBoundedFileSync } from "./bounded-file.js";

const directory = mkdtempSync(join(tmpdir(), "otto-file-"));
afterAll(() => rmSync(directory, { recursive: true }));
const at = (name: string) => join(directory, name);

writeFileSync(at("empty"), "");
writeFileSync(at("exact"), "x".repeat(1000));
writeFileSync(at("over"), "x".repeat(1001));
symlinkSync("exact", at("link"));
symlinkSync("/dev/zero", at("zero"));
writeFileSync(at("sparse"), "");
truncateSync(at("sparse"), 2 ** 31);
execFileSync("mkfifo", [at("fifo")]);
symlinkSync("fifo", at("fifo-link"));

async function both(path: string): Promise<unknown> {
  const apart = await readBoundedFile(path, 1000).catch((error: unknown) => describeFileError(error));
  const sync = (() => {
    try {
      return readBoundedFileSync(path, 1000);
    } catch (error) {
      return describeFileError(error);
    }
  })();
  expect(sync).toEqual(apart);
  return Buffer.isBuffer(apart) ? apart.toString() : apart;
}

test.each([
  ["empty", ""],
  ["exact", "x".repeat(1000)],
  ["link", "x".repeat(1000)],
  ["over", "larger than 1000 bytes"],
  ["sparse", "larger than 1000 bytes"],
  ["zero", "a device, not a regular file"],
  ["fifo", "a FIFO, not a regular file"],
  ["fifo-link", "a FIFO, not a regular file"],
  [".", "a directory, not a file"],
  ["nowhere", "no such file"],
  ["exact/below", "no such file"],
])("%s", async (name, expected) => {
  expect(await both(at(name))).toBe(expected);
});

test("a file of /proc, which says that it is empty, is read", async () => {
  expect(await both("/proc/self/comm")).toMatch(/\n$/);
});
