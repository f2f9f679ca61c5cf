import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdirSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { type BuildContext, readContext } from "@otto/context";
import { isOttoError } from "@otto/errors";
import { encodePath, type FileEntry } from "@otto/hashing";
import { expect, test } from "vitest";
import { asNobody } from "./nobody.js";
import { scratchDirectory } from "./scratch.js";
import { type TreeText, writeTree } from "./trees.js";

const megabyte = 1 << 20;

function makeContext(tree: TreeText, dockerfile = "Dockerfile") {
  const directory = scratchDirectory();
  chmodSync(directory, 0o755);
  const context = join(directory, "context");
  writeTree(context, tree);
  writeFileSync(join(directory, dockerfile), "FROM scratch\n");
  return { directory, context, read: () => readContext({ context, dockerfile: join(directory, dockerfile) }) };
}

function lines({ entries }: BuildContext): string[] {
  return entries.map((entry) => `${entry.kind} ${entry.path}${entry.kind === "symlink" ? ` > ${entry.target}` : ""}`);
}

test("an empty context has no entries", async () => {
  const { read } = makeContext([]);
  expect((await read()).entries).toEqual([]);
});

test("links are taken as they are: dangling, looping, leading out, to a directory", async () => {
  const { read } = makeContext([
    "link dangling > nowhere",
    "link loop > loop",
    "link out > /etc",
    "link up > ..",
    "dir d",
    "link in > d",
  ]);
  expect(lines(await read())).toEqual([
    "directory d",
    "symlink dangling > nowhere",
    "symlink in > d",
    "symlink loop > loop",
    "symlink out > /etc",
    "symlink up > ..",
  ]);
});

test("odd names survive, and their files can be read", async () => {
  const names = ["new\nline", "'", '"', "\udcff\udc80", "é", "😀", "a".repeat(255), "-", " ", "\\", "*", "\u0007"];
  const { read } = makeContext(names.map((name) => `file ${name}`));
  const context = await read();
  expect(new Set(context.entries.map(({ path }) => path))).toEqual(new Set(names));
  for (const entry of context.entries as readonly FileEntry[]) {
    expect(await buffer(context.openFile(entry))).toEqual(Buffer.from(`content of ${entry.path}\n`));
  }
});

test("a link's target need not be UTF-8", async () => {
  const { read } = makeContext(["link l > \udcff/\udc80"]);
  expect(lines(await read())).toEqual(["symlink l > \udcff/\udc80"]);
});

test("a file of 3 GB is read in constant memory, and the event loop goes on", { timeout: 120_000 }, async () => {
  const { context, read } = makeContext(["file large", "file empty"]);
  truncateSync(join(context, "large"), 3 * 1024 * megabyte);
  truncateSync(join(context, "empty"), 0);
  const before = process.memoryUsage().rss;
  const beats = countBeats();
  const { entries } = await read();
  const { longestMs, tookMs, peakBytes } = beats.stop();
  expect(entries.map((entry) => (entry as FileEntry).size)).toEqual([0, 3 * 1024 * megabyte]);
  // How much garbage waits to be collected depends on the load.
  expect(peakBytes - before).toBeLessThan(256 * megabyte);
  // Reading it all at once is one pause; other processes may take the cores for some of the time.
  expect(longestMs).toBeLessThan(tookMs / 2);
});

function countBeats() {
  const began = performance.now();
  let [last, longestMs, peakBytes] = [began, 0, 0];
  const beat = () => {
    longestMs = Math.max(longestMs, performance.now() - last);
    peakBytes = Math.max(peakBytes, process.memoryUsage().rss);
    last = performance.now();
  };
  const timer = setInterval(beat, 5);
  return {
    stop: () => {
      clearInterval(timer);
      beat();
      return { longestMs, tookMs: last - began, peakBytes };
    },
  };
}

test("100,000 entries are all there, in order", { timeout: 120_000 }, async () => {
  const { context, read } = makeContext([]);
  for (let directory = 0; directory < 100; directory++) {
    mkdirSync(join(context, `d${directory}`));
    for (let file = 0; file < 999; file++) writeFileSync(join(context, `d${directory}/f${file}`), "");
  }
  const paths = (await read()).entries.map(({ path }) => path);
  expect(paths).toHaveLength(100_000);
  expect(paths).toEqual(paths.toSorted((a, b) => Buffer.compare(sortKey(a), sortKey(b))));
});

function sortKey(path: string): Buffer {
  return Buffer.from(encodePath(path).map((byte) => (byte === 0x2f ? 0 : byte)));
}

test("directories nest deeper than a path may be long to look at", async () => {
  const deep = Array.from({ length: 150 }, () => "directory").join("/");
  const { read } = makeContext([`file ${deep}/f`]);
  expect((await read()).entries.at(-1)?.path).toBe(`${deep}/f`);
});

test("a context that is a link is the directory it leads to", async () => {
  const { directory, read } = makeContext(["file a"]);
  symlinkSync("context", join(directory, "linked"));
  const linked = await readContext({ context: join(directory, "linked"), dockerfile: join(directory, "Dockerfile") });
  expect(linked).toMatchObject({ root: (await read()).root, hash: (await read()).hash });
});

test("a Dockerfile outside is not taken for the one inside", async () => {
  const { context, read } = makeContext(["file Dockerfile"]);
  const outside = await read();
  expect(outside.dockerfile).toMatchObject({ contextPath: undefined, ignored: false });
  expect(outside.dockerfile.content.toString()).toBe("FROM scratch\n");
  const inside = await readContext({ context, dockerfile: join(context, "Dockerfile") });
  expect(inside.dockerfile).toMatchObject({ contextPath: "Dockerfile", ignored: false });
  expect(inside.hash).not.toBe(outside.hash);
});

test("the ignored Dockerfile and ignore file travel apart from the entries", async () => {
  const { context } = makeContext(["file a", "file Dockerfile"]);
  writeFileSync(join(context, ".dockerignore"), "Dockerfile\n.dockerignore\n");
  const read = await readContext({ context, dockerfile: join(context, "Dockerfile") });
  expect(lines(read)).toEqual(["file a"]);
  expect(read.dockerfile).toMatchObject({ contextPath: "Dockerfile", ignored: true });
  expect(read.ignoreFile).toMatchObject({ contextPath: ".dockerignore", patterns: ["Dockerfile", ".dockerignore"] });
});

const unsendable = ({ unsendable }: BuildContext) =>
  unsendable.map(({ path, kind, error }) => `${error.code} ${kind} ${path}`);

test("a FIFO, a socket: no entries, but said with their errors, unless ignored", async () => {
  const { context, read } = makeContext(["dir d"]);
  execFileSync("mkfifo", [join(context, "d/pipe")]);
  expect(unsendable(await read())).toEqual(["CONTEXT_ENTRY_UNSUPPORTED FIFO d/pipe"]);
  expect(lines(await read())).toEqual(["directory d"]);
  writeFileSync(join(context, ".dockerignore"), "d/pipe\n*.sock\n");
  const server = createServer().listen(join(context, "s.sock"));
  await once(server, "listening");
  expect(lines(await read())).toEqual(["file .dockerignore", "directory d"]);
  expect(unsendable(await read())).toEqual([]);
  writeFileSync(join(context, ".dockerignore"), "d/pipe\n");
  expect(unsendable(await read())).toEqual(["CONTEXT_ENTRY_UNSUPPORTED socket s.sock"]);
  server.close();
  await once(server, "close");
});

test("an unreadable file or directory: not read, but said with their errors, unless ignored", async () => {
  const { context, read } = makeContext(["file closed", "file d/f"]);
  chmodSync(join(context, "closed"), 0);
  const closed = await asNobody(read);
  expect(unsendable(closed)).toEqual(["CONTEXT_UNREADABLE file closed"]);
  expect(String(closed.unsendable[0]?.error)).toContain("EACCES");
  expect(lines(closed)).toEqual(["directory d", "file d/f"]);
  writeFileSync(join(context, ".dockerignore"), "closed\n");
  chmodSync(join(context, "d"), 0);
  expect(unsendable(await asNobody(read))).toEqual(["CONTEXT_UNREADABLE directory d"]);
  writeFileSync(join(context, ".dockerignore"), "closed\nd\n!d/g\n");
  expect(lines(await asNobody(read))).toEqual(["file .dockerignore"]);
  expect(unsendable(await asNobody(read))).toEqual([]);
  chmodSync(join(context, "d"), 0o755);
  chmodSync(context, 0);
  await expectRefusal(() => asNobody(read), "CONTEXT_UNREADABLE", ["EACCES"]);
  chmodSync(context, 0o755);
});

test("a missing context, a file as context, a missing Dockerfile, a directory as Dockerfile are errors", async () => {
  const { directory, context } = makeContext(["file a"]);
  const dockerfile = join(directory, "Dockerfile");
  const reading = (source: { context: string; dockerfile: string }) => () => readContext(source);
  await expectRefusal(reading({ context: join(directory, "no"), dockerfile }), "CONTEXT_NOT_FOUND", ["no"]);
  await expectRefusal(reading({ context: dockerfile, dockerfile }), "CONTEXT_NOT_FOUND", ["not a directory"]);
  const missing = join(directory, "no");
  await expectRefusal(reading({ context, dockerfile: missing }), "CONTEXT_DOCKERFILE_NOT_FOUND", [missing]);
  await expectRefusal(reading({ context, dockerfile: context }), "CONTEXT_DOCKERFILE_NOT_FOUND", [
    "a directory, not a file",
  ]);
  await expect(readContext({ context: "relative", dockerfile })).rejects.toThrow(TypeError);
});

test("a stream of a file that is not what was hashed fails with its path", async () => {
  const { context, read } = makeContext(["file a", "file b", "file c"]);
  const tree = await read();
  const [a, b, c] = tree.entries as readonly FileEntry[];
  if (a === undefined || b === undefined || c === undefined) throw new Error("three files");
  writeFileSync(join(context, "a"), "content of B\n");
  truncateSync(join(context, "b"), 1);
  execFileSync("rm", [join(context, "c")]);
  for (const entry of [a, b, c]) {
    const error: unknown = await buffer(tree.openFile(entry)).catch((reason: unknown) => reason);
    expect(error).toSatisfy((reason) => isOttoError(reason, "CONTEXT_FILE_CHANGED"));
    expect(String(error)).toContain(`"${entry.path}"`);
  }
});

test("an aborted call ends with the signal's reason", async () => {
  const { directory, context } = makeContext(["file a"]);
  const signal = AbortSignal.abort(new Error("enough"));
  await expect(readContext({ context, dockerfile: join(directory, "Dockerfile") }, { signal })).rejects.toThrow(
    "enough",
  );
});

async function expectRefusal(call: () => Promise<unknown>, code: string, words: readonly string[]): Promise<void> {
  const error: unknown = await call().then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toSatisfy((reason) => isOttoError(reason, code));
  for (const word of words) expect(String(error)).toContain(word);
}
