import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { type LocalTree, readTree } from "@otto/context";
import { expect, onTestFinished, test } from "vitest";
import { asNobody } from "./nobody.js";
import { scratchDirectory } from "./scratch.js";
import { writeTree } from "./trees.js";

/** `path mode`, `path > target`. */
const listed = ({ entries }: LocalTree) =>
  entries.map((entry) => `${entry.path} ${entry.kind === "symlink" ? `> ${entry.target}` : entry.mode.toString(8)}`);

test("a directory has what is in it, in one order, with its permissions and names of any bytes", async () => {
  const root = scratchDirectory();
  writeTree(root, ["file b", "exec a/x", "dir empty", "file caf\udce9", "link l > a"]);
  for (const path of ["b", "empty"]) chmodSync(join(root, path), 0o750);
  chmodSync(join(root, "a/x"), 0o4711);
  chmodSync(root, 0o700);
  expect(listed(await readTree(root))).toEqual([
    " 700",
    "a 755",
    "a/x 711",
    "b 750",
    "caf\udce9 644",
    "empty 750",
    "l > a",
  ]);
});

test("a file or a link is a tree by itself; nothing, a FIFO and a relative path are none", async () => {
  const root = scratchDirectory();
  writeTree(root, ["file a", "link l > a"]);
  expect(listed(await readTree(join(root, "a")))).toEqual([" 644"]);
  expect(listed(await readTree(join(root, "l")))).toEqual([" > a"]);
  await expect(readTree(join(root, "none"))).rejects.toMatchObject({ code: "CONTEXT_UNREADABLE" });
  await expect(readTree("a")).rejects.toThrow(TypeError);
  await once(spawn("mkfifo", [join(root, "fifo")]), "close");
  await expect(readTree(join(root, "fifo"))).rejects.toMatchObject({ code: "CONTEXT_UNREADABLE" });
});

test("each view has its own paths, and the tree has those of all", async () => {
  const root = scratchDirectory();
  writeTree(root, ["file Dockerfile", "file a/x", "file a/y", "file b", "link l > b"]);
  const tree = await readTree(root, {
    views: [{ patterns: ["*", "!a/x"], paths: ["Dockerfile", "l", "none"] }, { patterns: ["a", "l", "Dockerfile"] }],
  });
  expect(tree.views.map((view) => [...view].sort())).toEqual([
    ["", "Dockerfile", "a", "a/x", "l"],
    ["", "b"],
  ]);
  expect(tree.entries.map(({ path }) => path)).toEqual(["", "Dockerfile", "a", "a/x", "b", "l"]);
});

test("sockets and what may not be read are named beside the entries", async () => {
  const root = scratchDirectory();
  writeTree(root, ["file a", "file closed", "file d/x"]);
  chmodSync(root, 0o755);
  chmodSync(join(root, "closed"), 0o600);
  chmodSync(join(root, "d"), 0o700);
  const server = createServer().listen(join(root, "socket"));
  await once(server, "listening");
  onTestFinished(() => void server.close());
  const { entries, unsendable } = await asNobody(() => readTree(root));
  expect(entries.map(({ path }) => path)).toEqual(["", "a", "d"]);
  const found = unsendable.map(({ path, kind, error }) => `${path} ${kind} ${error.code}`).sort();
  expect(found).toEqual([
    "closed file CONTEXT_UNREADABLE",
    "d directory CONTEXT_UNREADABLE",
    "socket socket CONTEXT_ENTRY_UNSUPPORTED",
  ]);
});

test.each([10, 200_000])(
  "of a file that grows all the time, the bytes that were digested are read (%i)",
  async (bytes) => {
    const root = scratchDirectory();
    writeFileSync(join(root, "log"), "x".repeat(bytes));
    const writer = spawn("sh", ["-c", 'echo ready; while echo line >>"$1"; do :; done', "sh", join(root, "log")]);
    onTestFinished(() => void writer.kill("SIGKILL"));
    await once(writer.stdout, "data");
    const tree = await readTree(root);
    const entry = tree.entries.find(({ path }) => path === "log");
    if (entry?.kind !== "file") throw new Error("the log is not there");
    const content = await text(Readable.from(tree.readFile(entry)));
    expect(content.length).toBe(entry.size);
    expect(createHash("sha256").update(content).digest("hex")).toBe(entry.digest);
  },
);

test.each([10, 200_000])("other bytes of the same number are an error before the last of them (%i)", async (bytes) => {
  const root = scratchDirectory();
  writeFileSync(join(root, "file"), "x".repeat(bytes));
  const tree = await readTree(root);
  const [, entry] = tree.entries;
  if (entry?.kind !== "file") throw new Error("the file is not there");
  writeFileSync(join(root, "file"), `${"x".repeat(bytes - 1)}y`);
  let read = 0;
  const reading = (async () => {
    for await (const piece of tree.readFile(entry)) read += piece.length;
  })();
  await expect(reading).rejects.toMatchObject({ code: "CONTEXT_FILE_CHANGED" });
  expect(read).toBeLessThan(bytes);
});

test("a link that takes a file's place is not followed", async () => {
  const root = scratchDirectory();
  mkdirSync(join(root, "d"));
  for (const path of ["secret", "d/a"]) writeFileSync(join(root, path), "same");
  const tree = await readTree(join(root, "d"));
  const [, entry] = tree.entries;
  if (entry?.kind !== "file") throw new Error("the file is not there");
  await once(spawn("rm", [join(root, "d/a")]), "close");
  symlinkSync("../secret", join(root, "d/a"));
  await expect(text(Readable.from(tree.readFile(entry)))).rejects.toMatchObject({ code: "CONTEXT_UNREADABLE" });
});
