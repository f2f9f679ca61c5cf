import { mkdirSync, readFileSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { contextHash } from "@otto/context";
import { createRandom, readRandomRun } from "@otto/lab";
import { expect, test } from "vitest";
import { scratchDirectory } from "./scratch.js";

const { count: edits, seed, label } = readRandomRun("OTTO_EDITS", 500);
const files = 60;
// Younger files are not trusted from the cache at all: the test is about those that are.
const settleMs = 3000;

test(`random edits that put size and time back, with a warm cache (${label}): each changes the hash`, async () => {
  const directory = scratchDirectory();
  const context = join(directory, "context");
  const random = createRandom(seed);
  const place = (index: number) => join(context, `f${index}`);
  writeTreeOfFiles(context, place);
  writeFileSync(join(directory, "Dockerfile"), "FROM scratch\n");
  const source = { context, dockerfile: join(directory, "Dockerfile") };
  await setTimeout(settleMs);
  const warm = () => contextHash(source, { cacheDir: join(directory, "cache") });
  let last = await warm();
  expect(await warm()).toBe(last);
  for (let edit = 0; edit < edits; edit++) {
    const path = place(random(files));
    const { atime, mtime, size } = statSync(path);
    flipByte(path, random(size));
    utimesSync(path, atime, mtime);
    const next = await warm();
    expect({ edit, hash: next }).not.toEqual({ edit, hash: last });
    expect(next).toBe(await contextHash(source));
    last = next;
  }
});

function writeTreeOfFiles(context: string, place: (index: number) => string): void {
  mkdirSync(context, { recursive: true });
  for (let index = 0; index < files; index++) writeFileSync(place(index), `content ${index} `.repeat(20));
}

function flipByte(path: string, at: number): void {
  const content = readFileSync(path);
  content[at] = (content[at] ?? 0) ^ 1;
  writeFileSync(path, content);
}
