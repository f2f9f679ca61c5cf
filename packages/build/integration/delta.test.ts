import { execFile } from "node:child_process";
import { cp, mkdtemp, readFile, rm, stat, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { listImage } from "@otto/lab";
import { afterAll, afterEach, beforeEach, expect, test } from "vitest";
import { type BuildRepo, build, createBuildRepo, parent } from "./local-build.js";

const execute = promisify(execFile);
const fileBytes = 200_000;
let demo: BuildRepo;

beforeEach(async () => {
  demo = await createBuildRepo();
  for (const name of ["one", "two", "three"]) await demo.write(`context/${name}`, name.padEnd(fileBytes, name));
});

afterEach(() => demo[Symbol.asyncDispose]());
afterAll(() => parent[Symbol.asyncDispose]());

async function imageId(): Promise<string | undefined> {
  return (await parent.engine.inspectImage(`${demo.name}-api:latest`))?.id;
}

test("the first build sends every file once", async () => {
  const { sentBytes } = await build(await demo.load());
  const dockerfile = (await readFile(join(demo.root, "context/Dockerfile"))).length;
  expect(sentBytes).toBe(3 * fileBytes + dockerfile);
});

test("touched files send nothing and give the same image", async () => {
  const repo = await demo.load();
  await build(repo);
  const first = await imageId();
  await execute("find", [join(demo.root, "context"), "-exec", "touch", "{}", "+"]);
  const { result, sentBytes } = await build(repo, { rebuild: true });
  expect([result.status, sentBytes, await imageId()]).toEqual(["success", 0, first]);
});

test("a checkout elsewhere with another umask sends nothing and gives the same image", async () => {
  await build(await demo.load());
  const first = await imageId();
  const elsewhere = await mkdtemp(join(tmpdir(), "otto-elsewhere-"));
  try {
    await cp(demo.root, elsewhere, { recursive: true });
    await execute("chmod", ["-R", "go-rwx", elsewhere]);
    const { result, sentBytes } = await build(await demo.load(elsewhere), { rebuild: true });
    expect([result.status, sentBytes, await imageId()]).toEqual(["success", 0, first]);
  } finally {
    await rm(elsewhere, { recursive: true });
  }
});

test("one changed file sends that file", async () => {
  const repo = await demo.load();
  await build(repo);
  await demo.write("context/two", "2".repeat(50_000));
  const { result, sentBytes } = await build(repo);
  expect([result.status, sentBytes]).toEqual(["success", 50_000]);
});

test("an edit of the same size with its times put back is in the image", async () => {
  const repo = await demo.load();
  await build(repo);
  const before = await listImage(`${demo.name}-api:latest`);
  const path = join(demo.root, "context/two");
  const { atime, mtime } = await stat(path);
  await writeFile(path, "owt".padEnd(fileBytes, "owt"));
  await utimes(path, atime, mtime);
  const { result } = await build(repo);
  const after = await listImage(`${demo.name}-api:latest`);
  expect(result.status).toBe("success");
  expect(after.filter((line) => !before.includes(line))).toEqual([expect.stringContaining(" two ")]);
});

test("only what the Dockerfile copies is sent", async () => {
  await demo.write("context/Dockerfile", "FROM scratch\nCOPY two /\n");
  const { sentBytes } = await build(await demo.load());
  expect(sentBytes).toBe(fileBytes);
});
