import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readContext } from "@otto/context";
import type { SyncRequest } from "@otto/engine";
import { decodePath } from "@otto/hashing";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type ServeContextOptions, serveContext, servedDockerfileName, servedNamedContexts } from "./context-sync.js";

let directory: string;
let root: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "otto-sync-"));
  root = join(directory, "context");
  mkdirSync(root);
  writeFileSync(join(root, "Dockerfile"), "FROM scratch\n");
});
afterEach(() => rmSync(directory, { recursive: true }));

const read = (place = root, additionalContexts = {}) =>
  readContext({ context: place, dockerfile: join(place, "Dockerfile"), additionalContexts });

async function serve(request: Partial<SyncRequest>, options: ServeContextOptions = {}, place = root) {
  const everything = { directory: "context", followPaths: [], includePatterns: [], excludePatterns: [] };
  const served = serveContext(await read(place), options)({ ...everything, ...request });
  if (served === undefined) return undefined;
  return Array.from({ length: served.length }, (_, index) => {
    const { path, mode, sizeBytes, mtimeNs, linkname } = served.stat(index);
    const link = linkname === undefined ? "" : ` > ${decodePath(linkname)}`;
    return {
      line: `${mode.toString(8)} ${sizeBytes} ${decodePath(path)}${link}`,
      mtimeNs,
      content: served.read(index),
    };
  });
}

const lines = async (request: Partial<SyncRequest>) => (await serve(request))?.map(({ line }) => line);
const timesOf = async (place: string, options?: ServeContextOptions) =>
  (await serve({}, options, place))?.map(({ mtimeNs }) => mtimeNs);

test("of a file's mode only whether it can be executed counts; directories and links have Go's bits", async () => {
  writeFileSync(join(root, "a"), "12");
  writeFileSync(join(root, "run"), "1");
  mkdirSync(join(root, "d"), { mode: 0o700 });
  symlinkSync("run", join(root, "link"));
  chmodSync(join(root, "a"), 0o600);
  chmodSync(join(root, "run"), 0o710);
  expect(await lines({})).toEqual([
    "644 13 Dockerfile",
    "644 2 a",
    "20000000755 0 d",
    "1000000777 0 link > run",
    "755 1 run",
  ]);
});

test("a file of other content has another time, for by size, mode and time the engine knows it", async () => {
  const [one, other, same] = ["one", "other", "same"].map((name) => join(directory, name)) as [string, string, string];
  for (const place of [one, other, same]) {
    cpSync(root, place, { recursive: true });
    writeFileSync(join(place, "a"), place === other ? "2" : "1");
    symlinkSync(place === other ? "y" : "x", join(place, "link"));
  }
  for (const place of [one, other]) utimesSync(join(place, "a"), 1, 1);
  const [, a, link] = (await timesOf(one)) ?? [];
  const [, otherA, otherLink] = (await timesOf(other)) ?? [];
  expect(await timesOf(same)).toEqual(await timesOf(one));
  expect([a === otherA, link === otherLink]).toEqual([false, false]);
});

test("times are made of content within one day, and those of the files when they are to be kept", async () => {
  mkdirSync(join(root, "d"));
  utimesSync(join(root, "Dockerfile"), 1_234_567_890, 1_234_567_890);
  const made = (await timesOf(root)) ?? [];
  for (const time of made) expect(new Date(Number(time / 1_000_000n)).toISOString()).toMatch(/^2000-01-01T/);
  expect(made[1]).toBe(BigInt(Date.UTC(2000, 0, 1)) * 1_000_000n);
  expect((await timesOf(root, { mtime: "preserve" }))?.[0]).toBe(1_234_567_890_000_000_000n);
});

test("the frontend reads the rules before it asks for the context with them, and only those of the context", async () => {
  const asked = { followPaths: [".dockerignore"] };
  expect(await lines(asked)).toEqual([]);
  writeFileSync(join(root, ".dockerignore"), "*\n!a\n");
  writeFileSync(join(root, "a"), "");
  expect(await lines(asked)).toEqual(["644 5 .dockerignore"]);
  expect(await lines({ ...asked, excludePatterns: ["x"] })).toEqual([]);
  expect(await lines({ followPaths: ["a"] })).toEqual(["644 0 a"]);
  writeFileSync(join(root, "Dockerfile.dockerignore"), "");
  expect(await lines(asked)).toEqual([]);
});

test("the Dockerfile is served with the rules of its own that were applied", async () => {
  expect(await lines({ directory: "dockerfile" })).toEqual(["644 13 Dockerfile"]);
  writeFileSync(join(root, "Dockerfile.dockerignore"), "x");
  const served = await serve({ directory: "dockerfile" });
  expect(served?.map(({ line }) => line)).toEqual(["644 13 Dockerfile", "644 1 Dockerfile.dockerignore"]);
  expect(served?.map(({ content }) => content)).toEqual([[Buffer.from("FROM scratch\n")], [Buffer.from("x")]]);
  expect(served?.[0]?.mtimeNs).not.toBe(served?.[1]?.mtimeNs);
  expect(servedDockerfileName(await read())).toBe("Dockerfile");
});

test("a named context is served under a name that the build's own cannot be, another by its reference", async () => {
  mkdirSync(join(directory, "lib"));
  writeFileSync(join(directory, "lib/x"), "1");
  const additionalContexts = {
    context: join(directory, "lib"),
    "docker.io/library/base:latest": "docker-image://busybox",
    "docker.io/team/tool:1": "docker-image://busybox",
  };
  const context = await read(root, additionalContexts);
  expect(servedNamedContexts(context)).toEqual({
    context: "local:named-context",
    base: "docker-image://busybox",
    "team/tool:1": "docker-image://busybox",
  });
  const serve = serveContext(context);
  const request = { followPaths: [], includePatterns: [], excludePatterns: [] };
  const named = serve({ ...request, directory: "named-context" });
  expect(named && decodePath(named.stat(0).path)).toBe("x");
  expect(serve({ ...request, directory: "context" })?.length).toBe(1);
  expect(serve({ ...request, directory: "named-other" })).toBeUndefined();
});

test("an entry that is not there is a caller's mistake", async () => {
  const served = serveContext(await read())({
    ...{ directory: "context", followPaths: [], includePatterns: [], excludePatterns: [] },
  });
  expect(() => served?.stat(1)).toThrow(RangeError);
});
