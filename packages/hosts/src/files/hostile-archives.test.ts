import {
  link,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  symlink,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough, Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { setImmediate } from "node:timers/promises";
import { type Header, pack } from "tar-stream";
import { afterEach, beforeEach, expect, test } from "vitest";
import { unpackEntries } from "./archive-reader.js";
import { copyFiles } from "./copy.js";
import { checkEntries } from "./entry-check.js";
import type { FileEntry } from "./file-entry.js";
import type { HostFiles } from "./host-files.js";
import { localFiles } from "./local-files.js";

/** `target` is what is copied to; all else in `root` must stay as it is. */
let root: string;
let target: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "otto-hostile-"));
  target = join(root, "target");
  await mkdir(target);
  await mkdir(join(root, "outside"));
  await writeFile(join(root, "outside/secret"), "untouched", { mode: 0o644 });
});

afterEach(async () => {
  const outside = await readdir(join(root, "outside"));
  const secret = await lstat(join(root, "outside/secret"));
  const content = await readFile(join(root, "outside/secret"), "utf8");
  await rm(root, { recursive: true });
  const state = [...outside, content, (secret.mode & 0o7777).toString(8)].join(" ");
  if (state !== "secret untouched 644") throw new Error(`outside the target there is now: ${state}`);
});

type Entry = Partial<Header> & { readonly name: string; readonly content?: string };

async function archiveOf(entries: readonly Entry[]): Promise<Buffer> {
  const tar = pack();
  for (const { content, ...header } of entries) tar.entry(header as Header, content ?? "");
  tar.finalize();
  return buffer(Readable.from(tar as AsyncIterable<Buffer>));
}

/** A host that answers every request with this archive. */
function hostile(archive: Buffer, kind: "file" | "directory"): HostFiles {
  const name = kind === "directory" ? undefined : "asked";
  return {
    name: "box",
    absolute: (path) => path,
    look: async (paths) => paths.map((path) => ({ kind, path })),
    send: () => unpackEntries(Readable.from(chunksOf(archive)), { from: "box", name }),
    receive: () => Promise.reject(new Error("this host gives only")),
  };
}

function* chunksOf(bytes: Buffer): Generator<Buffer> {
  for (let offset = 0; offset < bytes.length; offset += 1000) yield bytes.subarray(offset, offset + 1000);
}

async function get(entries: readonly Entry[] | Buffer, kind: "file" | "directory" = "directory"): Promise<unknown> {
  const archive = Buffer.isBuffer(entries) ? entries : await archiveOf(entries as readonly Entry[]);
  const sides = { from: hostile(archive, kind), to: localFiles("this machine", "box") };
  return copyFiles(sides, { sources: kind === "directory" ? "/srv/asked/." : "/srv/asked", destination: target }, {});
}

const dir = (name: string): Entry => ({ name, type: "directory" });
const base = dir("./");

test.each<[string, readonly Entry[]]>([
  ["an absolute name", [base, { name: "/tmp/otto-absolute", content: "x" }]],
  ["an absolute name below the root of what was asked", [base, { name: ".//tmp/otto-absolute", content: "x" }]],
  ["a name that goes up", [base, { name: "./../outside/new", content: "x" }]],
  ["a name that goes up from below", [base, dir("./a"), { name: "./a/../../outside/secret", content: "x" }]],
  ["a directory that goes up", [base, dir("./..")]],
  ["a name that was not asked for", [base, { name: "other", content: "x" }]],
  ["an empty part in a name", [base, dir("./a"), { name: "./a//b", content: "x" }]],
  [
    "a write through a link",
    [base, { name: "./l", type: "symlink", linkname: "../outside" }, { name: "./l/new", content: "x" }],
  ],
  [
    "a write to what a link names",
    [base, { name: "./l", type: "symlink", linkname: "../outside/secret" }, { name: "./l", content: "x" }],
  ],
  ["a directory through a link", [base, { name: "./l", type: "symlink", linkname: "../outside" }, dir("./l/new")]],
  [
    "a directory over a link",
    [base, { name: "./l", type: "symlink", linkname: "../outside" }, { ...dir("./l"), mode: 0o777 }],
  ],
  ["a second name for a file outside", [base, { name: "./h", type: "link", linkname: "../outside/secret" }]],
  ["a second name for an absolute path", [base, { name: "./h", type: "link", linkname: "/etc/passwd" }]],
  [
    "a second name for a file through a link",
    [
      base,
      { name: "./l", type: "symlink", linkname: "../outside" },
      { name: "./h", type: "link", linkname: "./l/secret" },
    ],
  ],
  [
    "a second name for a link, and a write through it",
    [
      base,
      { name: "./l", type: "symlink", linkname: "../outside/secret" },
      { name: "./h", type: "link", linkname: "./l" },
      { name: "./h", content: "x" },
    ],
  ],
  [
    "a second name, and a write through it",
    [
      base,
      { name: "./f", content: "1" },
      { name: "./h", type: "link", linkname: "./f" },
      { name: "./h", content: "2" },
    ],
  ],
  ["a character device", [base, { name: "./null", type: "character-device", devmajor: 1, devminor: 3 }]],
  ["a block device", [base, { name: "./disk", type: "block-device", devmajor: 8, devminor: 0 }]],
  ["a FIFO", [base, { name: "./fifo", type: "fifo" }]],
  ["a file in a file", [base, { name: "./f", content: "1" }, { name: "./f/g", content: "2" }]],
  ["a file in a directory that never came", [base, { name: "./d/f", content: "1" }]],
  ["a name twice", [base, { name: "./f", content: "1" }, { name: "./f", content: "2" }]],
  ["a name that is not UTF-8", [base, { name: "./a", content: "1", pax: { path: "./\uFFFD" } }]],
])("%s is refused, and nothing is left", async (_what, entries) => {
  await expect(get(entries)).rejects.toMatchObject({ code: expect.stringMatching(/^FILES_(REFUSED|SPECIAL)$/) });
  expect(await readdir(target)).toEqual([]);
});

test("a link that leads outside is kept as a link, and not followed", async () => {
  await get([base, { name: "./l", type: "symlink", linkname: "../../outside/secret" }]);
  expect(await readlink(join(target, "l"))).toBe("../../outside/secret");
});

test("set-user-ID, set-group-ID and sticky bits are not taken over", async () => {
  await get([base, { name: "./f", content: "x", mode: 0o7755 }, { ...dir("./d"), mode: 0o7777 }]);
  const modes = await Promise.all(["f", "d"].map(async (name) => (await lstat(join(target, name))).mode & 0o7777));
  expect(modes).toEqual([0o755, 0o777]);
});

test("a file that was asked for brings no other", async () => {
  await expect(get([{ name: "other", content: "x" }], "file")).rejects.toMatchObject({ code: "FILES_REFUSED" });
  const more = [
    { name: "asked", content: "x" },
    { name: "asked/more", content: "y" },
  ];
  await expect(get(more, "file")).rejects.toMatchObject({ code: "FILES_REFUSED" });
  await expect(
    get(
      [
        { name: "asked", content: "x" },
        { name: "asked", content: "y" },
      ],
      "file",
    ),
  ).rejects.toMatchObject({
    code: "FILES_REFUSED",
  });
  expect(await readdir(target)).toEqual([]);
});

test("an archive that ends early is refused wherever it ends, and the old file stays", async () => {
  await writeFile(join(target, "f"), "old");
  const archive = await archiveOf([base, { name: "./f", content: "new".repeat(1000) }, { name: "./g", content: "g" }]);
  for (let end = 0; end < archive.length - 512; end += 256) {
    await expect(get(archive.subarray(0, end))).rejects.toMatchObject({ code: "FILES_REFUSED" });
  }
  expect(await readdir(target)).toEqual(["f"]);
  expect(await readFile(join(target, "f"), "utf8")).toBe("old");
  await get(archive);
  expect(await readFile(join(target, "f"), "utf8")).toBe("new".repeat(1000));
});

test.each([
  ["more than there is", 99_999_999],
  ["less than there is", 100],
  ["more than can be", 8 ** 11 - 1],
])("a size that is %s is refused", async (_what, size) => {
  const archive = await archiveOf([base, { name: "./f", content: "x".repeat(5000) }, { name: "./g", content: "g" }]);
  const header = archive.subarray(512, 1024);
  header.write(`${size.toString(8).padStart(11, "0")} `, 124);
  header.write("        ", 148);
  header.write(
    `${header
      .reduce((sum, byte) => sum + byte, 0)
      .toString(8)
      .padStart(6, "0")}\0 `,
    148,
  );
  await expect(get(archive)).rejects.toMatchObject({ code: "FILES_REFUSED" });
  expect(await readdir(target)).toEqual([]);
});

test("a header that would fill the memory is refused", async () => {
  const archive = await archiveOf([base, { name: "./f", content: "", pax: { comment: "x".repeat(6_000_000) } }]);
  await expect(get(archive)).rejects.toMatchObject({ code: "FILES_REFUSED" });
});

test("noise is refused", async () => {
  await expect(get(Buffer.alloc(4096, "noise"))).rejects.toMatchObject({ code: "FILES_REFUSED" });
  expect(await readdir(target)).toEqual([]);
});

test("entries without end are refused at a limit, one at a time", async () => {
  let given = 0;
  async function* endless(): AsyncGenerator<FileEntry> {
    for (;;) {
      given += 1;
      yield { kind: "directory", path: `d${given}`, mode: 0o755, mtime: 0 };
    }
  }
  const taken: string[] = [];
  const take = async () => {
    for await (const { path } of checkEntries(endless(), { from: "box", limit: 1000 })) taken.push(path);
  };
  await expect(take()).rejects.toMatchObject({ code: "FILES_REFUSED" });
  expect([given, taken.length]).toEqual([1001, 1000]);
});

/** A host whose tree comes as the test goes on. */
function slowHost(entries: AsyncIterable<FileEntry>): HostFiles {
  return { ...hostile(Buffer.alloc(0), "directory"), send: () => entries };
}

const file = (path: string): FileEntry => ({
  kind: "file",
  path,
  mode: 0o644,
  mtime: 0,
  sizeBytes: 1,
  content: () => Readable.from([Buffer.from("x")]),
});

test.runIf(process.platform === "linux")(
  "a target that becomes a link while it is written to is not followed",
  async () => {
    await mkdir(join(target, "asked/sub"), { recursive: true });
    async function* entries(): AsyncGenerator<FileEntry> {
      yield { kind: "directory", path: "", mode: 0o755, mtime: 0 };
      yield { kind: "directory", path: "sub", mode: 0o755, mtime: 0 };
      yield file("sub/one");
      await rename(target, join(root, "moved"));
      await symlink("outside", target);
      yield file("sub/two");
    }
    const sides = { from: slowHost(entries()), to: localFiles("this machine", "box") };
    await copyFiles(sides, { sources: "/asked", destination: target }, {});
    expect(await readdir(join(root, "moved/asked/sub"))).toEqual(["one", "two"]);
  },
);

test("a directory of the target that becomes a link is not followed", async () => {
  await mkdir(join(target, "asked/sub"), { recursive: true });
  async function* entries(): AsyncGenerator<FileEntry> {
    yield { kind: "directory", path: "", mode: 0o755, mtime: 0 };
    yield { kind: "directory", path: "sub", mode: 0o755, mtime: 0 };
    yield file("sub/new");
    await rename(join(target, "asked/sub"), join(root, "moved"));
    await symlink("../../outside", join(target, "asked/sub"));
  }
  const sides = { from: slowHost(entries()), to: localFiles("this machine", "box") };
  await expect(copyFiles(sides, { sources: "/asked", destination: target }, {})).rejects.toMatchObject({
    code: "FILES_CONFLICT",
  });
});

test("a file of the target with a second name outside is replaced, not written to", async () => {
  await link(join(root, "outside/secret"), join(target, "f"));
  await get([base, { name: "./f", content: "new" }]);
  expect(await readFile(join(target, "f"), "utf8")).toBe("new");
});

test.each([new Error("cut"), undefined])("an archive whose stream was broken before is an error", async (error) => {
  const stream = new PassThrough().on("error", () => {}).destroy(error);
  await setImmediate();
  const entries = unpackEntries(stream, { from: "pepper", name: undefined });
  await expect(entries.next()).rejects.toThrow(error?.message ?? "it ends in the middle");
});
