import { fork } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { contextHash, readContext, readTree } from "@otto/context";
import { afterAll, beforeAll, expect, test } from "vitest";
import { asNobody } from "./nobody.js";
import { writeTree } from "./trees.js";

// Until then a file is younger than the clock's coarsest tick, and is read each time.
const settleMs = 3000;
const headBytes = "otto stat cache 1\n".length;

const poolSize = 20;
const pool: string[] = [];
let work: string;

beforeAll(async () => {
  work = mkdtempSync(join(tmpdir(), "otto-cache-"));
  chmodSync(work, 0o755);
  for (let index = 0; index < poolSize; index++) {
    const directory = join(work, String(index));
    writeTree(join(directory, "context"), ["file a", "exec b", "file \udcff", "file docs/c"]);
    writeFileSync(join(directory, "Dockerfile"), "FROM scratch\n");
    pool.push(directory);
  }
  await setTimeout(settleMs);
});
afterAll(() => rmSync(work, { recursive: true, force: true }));

/** A context whose files are old enough to be remembered, with a warm cache. */
async function makeWarm() {
  const directory = pool.pop();
  if (directory === undefined) throw new Error("make the pool larger");
  const context = join(directory, "context");
  const source = { context, dockerfile: join(directory, "Dockerfile") };
  const cacheDir = join(directory, "cache");
  const hash = await contextHash(source, { cacheDir });
  const [name = "none"] = readdirSync(cacheDir);
  return { source, cacheDir, hash, cacheFile: join(cacheDir, name), context };
}

test("the digests of a tree come from a cache of its own, beside that of a context of the same directory", async () => {
  const { source, cacheDir, hash, cacheFile, context } = await makeWarm();
  const digests = async () =>
    (await readTree(context, { cacheDir })).entries.map((entry) => "digest" in entry && entry.digest);
  const read = await digests();
  const [name = "none"] = readdirSync(join(cacheDir, "trees"));
  expect(await contextHash(source, { cacheDir })).toBe(hash);
  forgeDigest(join(cacheDir, "trees", name));
  expect(await digests()).not.toEqual(read);
  forgeDigest(cacheFile);
  expect(await contextHash(source, { cacheDir })).not.toBe(hash);
});

test("an unchanged file is not read again: its digest comes from the cache", async () => {
  const { source, cacheDir, cacheFile, hash } = await makeWarm();
  forgeDigest(cacheFile);
  expect(await contextHash(source, { cacheDir })).not.toBe(hash);
  expect(await contextHash(source, { cacheDir: false })).toBe(hash);
  expect(await contextHash(source)).toBe(hash);
});

test.each<[string, (path: string) => void]>([
  ["its time", (path) => utimesSync(path, 1, 1)],
  ["its mode", (path) => chmodSync(path, 0o640)],
  ["its inode", replaceFile],
  ["its size", (path) => writeFileSync(path, "other content")],
])("a file that changed %s is read again", async (_name, change) => {
  const { source, cacheDir, cacheFile, context } = await makeWarm();
  forgeDigest(cacheFile);
  change(join(context, "a"));
  expect(await contextHash(source, { cacheDir })).toBe(await contextHash(source));
});

test("a file younger than the clock's tick is not remembered", async () => {
  const { source, cacheDir, context, cacheFile } = await makeWarm();
  const before = statSync(cacheFile).size;
  writeFileSync(join(context, "young"), "young");
  await contextHash(source, { cacheDir });
  expect(statSync(cacheFile).size).toBe(before);
});

test("a cache as young as the files it tells of is not trusted", async () => {
  const { source, cacheDir, cacheFile, hash } = await makeWarm();
  forgeDigest(cacheFile);
  utimesSync(cacheFile, 1, 1);
  expect(await contextHash(source, { cacheDir })).toBe(hash);
});

test.each<[string, (cacheFile: string) => void]>([
  ["cut short", (cacheFile) => truncateSync(cacheFile, 60)],
  ["empty", (cacheFile) => truncateSync(cacheFile, 0)],
  ["damaged", (cacheFile) => writeFileSync(cacheFile, readFileSync(cacheFile).fill(7, 70, 90))],
  ["of another layout", (cacheFile) => writeFileSync(cacheFile, `otto stat cache 0\n${"x".repeat(500)}`)],
  ["writable for others", forgeForOthers],
  ["another context's", (cacheFile) => forgeRoot(cacheFile)],
])("a cache that is %s is ignored", async (_name, spoil) => {
  const { source, cacheDir, cacheFile, hash } = await makeWarm();
  spoil(cacheFile);
  expect(await contextHash(source, { cacheDir })).toBe(hash);
  expect(await contextHash(source, { cacheDir })).toBe(hash);
});

test("a cache directory that cannot be is no error", async () => {
  const { source, cacheFile, hash, context } = await makeWarm();
  expect(await contextHash(source, { cacheDir: join(cacheFile, "below-a-file") })).toBe(hash);
  const closed = join(context, "../closed");
  mkdirSync(closed, { mode: 0o500 });
  expect(await asNobody(() => contextHash(source, { cacheDir: join(closed, "cache") }))).toBe(hash);
  expect(readdirSync(closed)).toEqual([]);
});

test("processes that share a cache leave a whole one and nothing else", { timeout: 60_000 }, async () => {
  const { source, cacheDir, cacheFile, hash, context } = await makeWarm();
  writeTree(
    context,
    Array.from({ length: 300 }, (_, index) => `file more/${index}`),
  );
  await setTimeout(settleMs);
  const script = join(context, "../reader.mjs");
  writeFileSync(script, readerScript(source, cacheDir, cacheFile));
  const readers = Array.from({ length: 3 }, () => fork(script));
  const codes = await Promise.all(readers.map(async (reader) => (await once(reader, "exit"))[0] as number));
  expect(codes).toEqual([0, 0, 0]);
  expect(readdirSync(cacheDir)).toHaveLength(1);
  await contextHash(source, { cacheDir });
  const final = await contextHash(source);
  expect(final).not.toBe(hash);
  forgeDigest(cacheFile);
  expect(await contextHash(source, { cacheDir })).not.toBe(final);
});

test("the cache is the user's alone", async () => {
  const { cacheDir, cacheFile } = await makeWarm();
  expect(statSync(cacheDir).mode & 0o777).toBe(0o700);
  expect(statSync(cacheFile).mode & 0o777).toBe(0o600);
});

test("ignored files do not come into the cache", async () => {
  const { source, cacheDir, cacheFile, context } = await makeWarm();
  writeFileSync(join(context, ".dockerignore"), "docs\n");
  mkdirSync(join(context, "empty"));
  const { entries } = await readContext(source, { cacheDir });
  expect(entries.map(({ path }) => path)).not.toContain("docs/c");
  expect(readFileSync(cacheFile, "latin1")).not.toContain("docs/c");
});

function replaceFile(path: string): void {
  writeFileSync(`${path}.new`, readFileSync(path));
  renameSync(`${path}.new`, path);
}

function forgeForOthers(cacheFile: string): void {
  forgeDigest(cacheFile);
  chmodSync(cacheFile, 0o666);
}

/** Gives the first file another digest, in a cache that is otherwise sound. */
function forgeDigest(cacheFile: string): void {
  rewriteBody(cacheFile, (body) => body.fill(0x11, 8 + 48, 8 + 80));
}

function forgeRoot(cacheFile: string): void {
  rewriteBody(cacheFile, (body) => {
    body.fill(0x11, 8 + 48, 8 + 80);
    body.write("/x", body.indexOf("/tmp"));
  });
}

function rewriteBody(cacheFile: string, change: (body: Buffer) => void): void {
  const content = readFileSync(cacheFile);
  const body = content.subarray(headBytes + 32);
  change(body);
  createHash("sha256").update(body).digest().copy(content, headBytes);
  writeFileSync(cacheFile, content);
}

function readerScript(source: object, cacheDir: string, cacheFile: string): string {
  const library = import.meta.resolve("@otto/context");
  return `import { readContext } from ${JSON.stringify(library)};
import { rmSync } from "node:fs";
const source = ${JSON.stringify(source)};
const expected = (await readContext(source)).hash;
for (let round = 0; round < 30; round++) {
  if (round % 3 === 0) rmSync(${JSON.stringify(cacheFile)}, { force: true });
  if ((await readContext(source, { cacheDir: ${JSON.stringify(cacheDir)} })).hash !== expected) process.exit(9);
}
process.exit(0);
`;
}
