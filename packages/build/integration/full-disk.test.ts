import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { buildImages } from "@otto/build";
import { dockerd } from "@otto/lab";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createBuildRepo } from "./local-build.js";
import { type OwnEngine, startOwnEngine } from "./own-engine.js";

const execute = promisify(execFile);
let disk: string;
let engine: OwnEngine;

beforeAll(async () => {
  disk = await mkdtemp(join(tmpdir(), "otto-disk-"));
  await execute("mount", ["-t", "tmpfs", "-o", "size=32m", "tmpfs", disk]);
  await mkdir(join(disk, "data"));
  engine = await startOwnEngine((places) => dockerd({ ...places, dataRoot: join(disk, "data") }));
});
afterAll(async () => {
  await engine[Symbol.asyncDispose]();
  await execute("umount", ["--lazy", disk]);
  await rm(disk, { recursive: true, force: true });
});

test.each([
  ["many files", 48, 1 << 20],
  ["one file", 1, 48 << 20],
])("a disk of the engine that is full is named, in the engine's words: %s", async (_what, files, bytes) => {
  await using repo = await createBuildRepo();
  for (let file = 0; file < files; file++) await repo.write(`context/f${file}`, randomBytes(bytes));
  const { api } = await buildImages(await repo.load(), engine.parent);
  expect(api).toMatchObject({ status: "failed", message: expect.stringContaining("no space left on device") });
});
