import { createHash } from "node:crypto";
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { Readable } from "node:stream";
import { buffer, text } from "node:stream/consumers";
import { readContext } from "@otto/context";
import { isOttoError } from "@otto/errors";
import { encodePath } from "@otto/hashing";
import { extract } from "tar-stream";
import { afterEach, beforeEach, expect, test } from "vitest";
import { packContext, packedDockerfileName } from "./pack-context.js";

let directory: string;
let root: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "otto-pack-"));
  root = join(directory, "context");
  mkdirSync(root);
  write("Dockerfile", "FROM scratch\nCOPY . /\n");
});
afterEach(() => rmSync(directory, { recursive: true }));

function write(path: string, content: string | Buffer): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(encodePath(join(root, path)), content);
}

const read = (dockerfile = "Dockerfile", context = root) =>
  readContext({ context, dockerfile: join(context, dockerfile) });

/** `mode type name > target = content`, a line an entry, as another tar implementation reads it. */
async function list(archive: Buffer): Promise<string[]> {
  const lines: string[] = [];
  const reader = extract();
  Readable.from([archive]).pipe(reader as unknown as NodeJS.WritableStream);
  for await (const entry of reader) {
    const { name, type, mode, linkname, uid, gid, mtime } = entry.header;
    expect({ uid, gid, mtime: mtime.toISOString() }).toEqual({ uid: 0, gid: 0, mtime: "2000-01-01T00:00:00.000Z" });
    const content = await text(Readable.from(entry));
    lines.push(
      `${mode.toString(8)} ${type} ${name}${linkname ? ` > ${linkname}` : ""}${content === "" ? "" : ` = ${content}`}`,
    );
  }
  return lines;
}

test("the archive holds the entries, in order, with modes and times of their own", async () => {
  write("a", "1");
  write("a-b", "");
  write("d/run", "2");
  chmodSync(join(root, "d/run"), 0o711);
  mkdirSync(join(root, "empty"), { mode: 0o700 });
  symlinkSync("d", join(root, "link"));
  const context = await read();
  expect(await packedDockerfileName(context)).toBe("Dockerfile");
  expect(await list(await buffer(packContext(context)))).toEqual([
    "644 file Dockerfile = FROM scratch\nCOPY . /\n",
    "644 file a = 1",
    "644 file a-b",
    "755 directory d",
    "755 file d/run = 2",
    "755 directory empty",
    "777 symlink link > d",
  ]);
});

test("a copy with other times and modes gives the same bytes", async () => {
  write("d/a", "1");
  write("x".repeat(200), Buffer.alloc(300_000, 7));
  const copy = join(directory, "copy");
  cpSync(root, copy, { recursive: true, verbatimSymlinks: true });
  for (const place of [root, copy]) {
    writeFileSync(encodePath(join(place, "raw\udcff")), "2");
    symlinkSync(encodePath("\udc80"), join(place, "link"));
  }
  utimesSync(join(copy, "d/a"), 1, 1);
  chmodSync(join(copy, "d"), 0o700);
  chmodSync(join(copy, "d/a"), 0o600);
  const [one, two] = await Promise.all(
    [read(), read("Dockerfile", copy)].map(async (c) => buffer(packContext(await c))),
  );
  expect(one).toEqual(two);
});

test("the bytes of a fixed context stay", async () => {
  write("a", "1");
  write("raw\udcff", "2");
  const archive = await buffer(packContext(await read()));
  expect(createHash("sha256").update(archive).digest("hex")).toMatchInlineSnapshot(
    `"2602b5cc41a7db15cb39f3136f0becec963cb8cd8dca80a0a092938f401b79e0"`,
  );
});

test("names and targets that are not UTF-8 keep their bytes", async () => {
  write("raw\udcff", "1");
  symlinkSync(encodePath("\udc80".repeat(90)), join(root, "link"));
  const archive = (await buffer(packContext(await read()))).toString("latin1");
  expect(archive).toContain("13 path=raw\xff\n");
  expect(archive).toContain(`104 linkpath=${"\x80".repeat(90)}\n`);
});

test("an ignored Dockerfile goes under a name that an ignore file of ours takes out again", async () => {
  write(".dockerignore", "Dockerfile\n.dockerignore\n");
  write("a", "1");
  const context = await read();
  const name = await packedDockerfileName(context);
  expect(name).toMatch(/^\.dockerfile\.[0-9a-f]{20}$/);
  expect(await list(await buffer(packContext(context)))).toEqual([
    `644 file ${name} = FROM scratch\nCOPY . /\n`,
    `644 file .dockerignore = .dockerignore\n${name}\n`,
    "644 file a = 1",
  ]);
});

test("a Dockerfile outside goes apart from the one inside", async () => {
  writeFileSync(join(directory, "Dockerfile"), "FROM scratch\n");
  const context = await readContext({ context: root, dockerfile: join(directory, "Dockerfile") });
  const lines = await list(await buffer(packContext(context)));
  expect(lines).toContain("644 file Dockerfile = FROM scratch\nCOPY . /\n");
  expect(lines).toContain(`644 file ${await packedDockerfileName(context)} = FROM scratch\n`);
});

test("an ignore file that is part of the image keeps its rules and lets the Dockerfile out", async () => {
  write(".dockerignore", "Dockerfile");
  const context = await read();
  const lines = await list(await buffer(packContext(context)));
  expect(lines).toContain(
    `644 file .dockerignore = Dockerfile\n!.dockerignore\n${await packedDockerfileName(context)}\n`,
  );
});

test("rules beside the Dockerfile do not let those of .dockerignore act", async () => {
  write(".dockerignore", "*\n");
  write("Dockerfile.dockerignore", "");
  const context = await read();
  const lines = await list(await buffer(packContext(context)));
  expect(lines).toContain(`644 file .dockerignore = *\n\n!.dockerignore\n${await packedDockerfileName(context)}\n`);
  expect(lines).toContain("644 file Dockerfile = FROM scratch\nCOPY . /\n");
});

test("a .dockerignore that is a directory is refused", async () => {
  mkdirSync(join(root, ".dockerignore"));
  const context = await read();
  const error: unknown = await buffer(packContext(context)).catch((reason: unknown) => reason);
  expect(error).toSatisfy((reason) => isOttoError(reason, "CONTEXT_NOT_PACKABLE"));
});

test("a file that is not what was hashed ends the archive with an error", async () => {
  write("a", "1");
  const context = await read();
  write("a", "2");
  const error: unknown = await buffer(packContext(context)).catch((reason: unknown) => reason);
  expect(error).toSatisfy((reason) => isOttoError(reason, "CONTEXT_FILE_CHANGED"));
});

test("an abort ends the archive", async () => {
  write("a", Buffer.alloc(1_000_000));
  const controller = new AbortController();
  const stream = packContext(await read(), { signal: controller.signal });
  controller.abort();
  await expect(buffer(stream)).rejects.toThrow("abort");
});

test("an abort before the archive is begun is told to its reader, and bothers nobody else", async () => {
  const stream = packContext(await read(), { signal: AbortSignal.abort() });
  // Unhandled, its error would fail this run.
  await new Promise(setImmediate);
  await expect(buffer(stream)).rejects.toThrow("abort");
});
