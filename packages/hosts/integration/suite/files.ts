import { execFileSync } from "node:child_process";
import { chmod, link, lstat, mkdtemp, readdir, readFile, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createNoise } from "@otto/lab";
import { expect, test } from "vitest";
import { listTree, makeFiles, makeOddTree, readFiles } from "../file-trees.js";
import { createSides } from "./file-sides.js";
import { type Conflict, refused, tryConflict } from "./file-tables.js";
import type { HostTests } from "./host-tests.js";

const source = { f: "F", "t/g": "G", "t/s/h": "H", "e/": "" };

/** What `put` and `get` owe besides. */
export function testFiles({ host, directory }: HostTests): void {
  test("a tree of odd names, modes, times and links goes there and back unchanged", async () => {
    const { here, there } = await createSides(directory());
    await makeOddTree(join(here, "tree"));
    await host().put(join(here, "tree"), there);
    const sent = await listTree(join(here, "tree"));
    expect(await listTree(join(there, "tree"))).toEqual(sent);
    await host().get(join(there, "tree"), join(here, "back"));
    expect(await listTree(join(here, "back"))).toEqual(sent);
  });

  test("many bytes go there and back unchanged", async () => {
    const { here, there } = await createSides(directory());
    const bytes = createNoise(5_000_000);
    await writeFile(join(here, "big"), bytes);
    const result = await host().put(join(here, "big"), `${there}/`);
    expect(result).toEqual({
      copies: [{ source: join(here, "big"), target: join(there, "big") }],
      entries: 1,
      bytes: bytes.length,
      warnings: [],
    });
    await host().get(join(there, "big"), join(here, "back"));
    for (const path of [join(there, "big"), join(here, "back")]) {
      expect((await readFile(path)).equals(bytes)).toBe(true);
    }
  });

  test("refuses two sources of one name before anything is sent", async () => {
    const { here, there } = await createSides(directory());
    await makeFiles(here, { "a/same": "1", "b/same": "2" });
    const sources = [`${here}/a/same`, `${here}/b/same`];
    const error = { code: "FILES_SAME_NAME", message: expect.stringContaining("same") as string };
    await expect(host().put(sources, `${there}/new/`)).rejects.toMatchObject(error);
    await expect(host().get(sources, `${there}/new/`)).rejects.toMatchObject(error);
    expect(await readdir(there)).toEqual([]);
  });

  test("says which source is missing, and that a FIFO is not copied", async () => {
    const { here, there } = await createSides(directory());
    await expect(host().put(`${here}/no`, there)).rejects.toMatchObject({
      code: "FILES_NOT_FOUND",
      message: expect.stringContaining(`${here}/no`) as string,
    });
    await expect(host().get(`${there}/no`, here)).rejects.toMatchObject({ code: "FILES_NOT_FOUND" });
    execFileSync("mkfifo", [join(here, "fifo")]);
    await expect(host().put(`${here}/fifo`, there)).rejects.toMatchObject({ code: "FILES_SPECIAL" });
    await expect(host().put(here, there)).rejects.toMatchObject({ code: "FILES_SPECIAL" });
    await expect(host().get(`${here}/fifo`, there)).rejects.toMatchObject({ code: "FILES_SPECIAL" });
    await expect(host().get(here, there)).rejects.toMatchObject({
      code: expect.stringMatching(/FILES_(SPECIAL|REFUSED)/),
    });
    expect(await readdir(there)).toEqual([]);
  });

  test("follows a link that is named as a directory, and keeps other links", async () => {
    const { here, there } = await createSides(directory());
    await makeFiles(here, { "real/f": "F" });
    await symlink("real", join(here, "link"));
    await host().put(`${here}/link`, `${there}/kept`);
    await host().put(`${here}/link/`, `${there}/followed`);
    await host().get(`${here}/link`, `${there}/kept-too`);
    await host().get(`${here}/link/.`, `${there}/followed-too`);
    expect(await readFiles(there)).toEqual({
      kept: "> real",
      "followed/f": "F",
      "kept-too": "> real",
      "followed-too/f": "F",
    });
  });

  test("writes to where a link at the destination leads", async () => {
    const { here, there } = await createSides(directory());
    await makeFiles(here, { f: "new" });
    await makeFiles(there, { "real/f": "old", other: "old" });
    await symlink("real", join(there, "dir"));
    await symlink("other", join(there, "file"));
    await host().put(`${here}/f`, `${there}/dir`);
    await host().put(`${here}/f`, `${there}/file`);
    expect(await readFiles(there)).toEqual({ dir: "> real", file: "> other", other: "new", "real/f": "new" });
  });

  test("writes a file to where a link at the destination leads, if its name is free, and nothing else", async () => {
    const { here, there } = await createSides(directory());
    await makeFiles(here, { f: "F", "t/g": "G", "sub/": "" });
    await makeFiles(there, { f: "F", "t/g": "G" });
    const ways = [
      { into: there, copy: (source: string, target: string) => host().put(join(here, source), target) },
      { into: join(here, "sub"), copy: (source: string, target: string) => host().get(join(there, source), target) },
    ];
    for (const { into, copy } of ways) {
      await symlink("free", join(into, "link"));
      await symlink("no/where", join(into, "nowhere"));
      for (const target of ["link", "nowhere"]) {
        await expect(copy("t", join(into, target))).rejects.toMatchObject({ code: "FILES_CONFLICT" });
      }
      await expect(copy("f", join(into, "nowhere"))).rejects.toMatchObject({ code: "FILES_CONFLICT" });
      await copy("f", join(into, "link"));
      expect(await readFile(join(into, "free"), "utf8")).toBe("F");
      for (const name of ["link", "nowhere"]) expect((await lstat(join(into, name))).isSymbolicLink()).toBe(true);
    }
  });

  test("keeps the names of one file together, and shares none with what was copied", async () => {
    const { here, there } = await createSides(directory());
    await makeFiles(here, { "t/a": "A", "t/s/": "" });
    await link(join(here, "t/a"), join(here, "t/b"));
    await link(join(here, "t/a"), join(here, "t/s/c"));
    await host().put(join(here, "t"), there);
    await host().get(join(there, "t"), join(here, "back"));
    for (const root of [join(there, "t"), join(here, "back")]) {
      const all = await Promise.all(["a", "b", "s/c"].map((name) => stat(join(root, name))));
      expect(all.map(({ ino, nlink }) => [ino, nlink])).toEqual(all.map(() => [all[0]?.ino, 3]));
    }
    expect(await readFiles(join(here, "back"))).toEqual({ a: "A", b: "A", "s/c": "A" });
  });

  test("sets a mode on files alone, and copies no set-user-ID", async () => {
    const { here, there } = await createSides(directory());
    await makeFiles(here, { "t/f": "F" });
    await chmod(join(here, "t"), 0o750);
    await chmod(join(here, "t/f"), 0o4755);
    await host().put(`${here}/t`, `${there}/own`);
    await host().put(`${here}/t`, `${there}/given`, { mode: 0o640 });
    await host().get(`${here}/t`, `${there}/got`);
    const modes = async (path: string) => ((await stat(join(there, path))).mode & 0o7777).toString(8);
    expect([await modes("own"), await modes("own/f"), await modes("given"), await modes("given/f")]).toEqual([
      "750",
      "755",
      "750",
      "640",
    ]);
    expect(await modes("got/f")).toBe("755");
    await expect(host().put(`${here}/t`, there, { mode: 0o10000 })).rejects.toBeInstanceOf(TypeError);
  });

  test("concurrent puts and gets do not mix", async () => {
    const { here, there } = await createSides(directory());
    const numbers = Array.from({ length: 6 }, (_, number) => number);
    for (const number of numbers) {
      await makeFiles(join(here, `${number}`), { "app.conf": `${number}`.repeat(100_000), [`own-${number}`]: "own" });
    }
    await Promise.all(numbers.map((number) => host().put(`${here}/${number}/.`, `${there}/${number}`)));
    await Promise.all(numbers.map((number) => host().get(`${there}/${number}/.`, `${here}/back-${number}`)));
    for (const number of numbers) {
      const sent = await readFiles(join(here, `${number}`));
      expect(await readFiles(join(there, `${number}`))).toEqual(sent);
      expect(await readFiles(join(here, `back-${number}`))).toEqual(sent);
    }
  });

  test("plans without a change when it runs dry", async () => {
    const { here, there } = await createSides(directory());
    await makeFiles(here, source);
    const result = await host().put([`${here}/f`, `${here}/t`], `${there}/new`, { dryRun: true });
    expect(result).toEqual({
      copies: [
        { source: `${here}/f`, target: `${there}/new/f` },
        { source: `${here}/t`, target: `${there}/new/t` },
      ],
      entries: 0,
      bytes: 0,
      warnings: [],
    });
    expect(await readdir(there)).toEqual([]);
  });

  test("tells how far it is", async () => {
    const { here, there } = await createSides(directory());
    await writeFile(join(here, "f"), createNoise(2_000_000));
    const told: number[] = [];
    await host().put(`${here}/f`, there, {
      onProgress: ({ bytes, totalBytes }) => {
        expect(totalBytes).toBe(2_000_000);
        told.push(bytes);
      },
    });
    expect(told.at(-1)).toBe(2_000_000);
    expect(told).toEqual(told.toSorted((a, b) => a - b));
  });

  test("an aborted get leaves the old file and nothing else", async () => {
    const { here, there } = await createSides(directory());
    await writeFile(join(there, "f"), createNoise(30_000_000));
    await writeFile(join(here, "f"), "old");
    const controller = new AbortController();
    const onProgress = () => controller.abort(new Error("enough"));
    const getting = host().get(`${there}/f`, here, { signal: controller.signal, onProgress });
    await expect(getting).rejects.toThrow("enough");
    expect(await readFiles(here)).toEqual({ f: "old" });
  });

  test("a place that takes no files is told with its path and the reason", async () => {
    const { here } = await createSides(directory());
    await makeFiles(here, source);
    for (const path of ["/proc/otto/", `${here}/f/below`]) {
      await expect(host().put(`${here}/f`, path)).rejects.toMatchObject({
        code: "FILES_COPY_FAILED",
        message: expect.stringMatching(/(\/proc|\/f).*: ./) as string,
      });
    }
    expect(await readFiles(here)).toEqual(source);
  });
}

const conflictsWithin: readonly (readonly [string, Conflict])[] = [
  ["a tree with a directory where a file is", { sources: ["t"], destination: "d", before: { "d/t/s": "before" } }],
  ["a tree with a file where a directory is", { sources: ["t"], destination: "d", before: { "d/t/g/x": "before" } }],
];

/** Files that are replaced in one step. */
export function testReplacedFiles({ host, directory }: HostTests): void {
  test.each(conflictsWithin)("refuses %s, and leaves what was there", async (_what, conflict) => {
    expect(await tryConflict(host(), directory(), conflict)).toEqual(refused);
  });

  test("leaves the old file, and that alone, after a put that was aborted", async () => {
    const root = await mkdtemp(join(directory(), "test-"));
    await writeFile(join(root, "f"), createNoise(30_000_000));
    await makeFiles(join(root, "there"), { f: "old" });
    const controller = new AbortController();
    const onProgress = () => controller.abort(new Error("enough"));
    const putting = host().put(`${root}/f`, `${root}/there`, { signal: controller.signal, onProgress });
    await expect(putting).rejects.toThrow("enough");
    expect(await readFiles(join(root, "there"))).toEqual({ f: "old" });
  });
}
