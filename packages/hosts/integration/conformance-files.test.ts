import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chmod, mkdir, mkdtemp, readdir, readFile, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { FileTransfer } from "@otto/hosts";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type FilePlaces, type PlaceWay, placeWays, startFilePlaces } from "./file-places.js";
import { listTree, makeFiles, makeOddTree, readFiles } from "./file-trees.js";

const conflictsWithin: [string, string[], string, Record<string, string>][] = [
  ["a tree with a directory where a file is", ["t"], "d", { "d/t/s": "before" }],
  ["a tree with a file where a directory is", ["t"], "d", { "d/t/g/x": "before" }],
];

/** Without a shell of its own, a container's files are written in place. */
function replacesInOneStep(way: PlaceWay): boolean {
  return way !== "stopped container" && way !== "container without a shell";
}

let places: FilePlaces;

beforeAll(async () => {
  places = await startFilePlaces();
});

afterAll(async () => {
  await places[Symbol.asyncDispose]();
});

describe.each(placeWays)("files of a host (%s)", (way) => {
  let host: FileTransfer;
  /** Fresh for each test: `here` is only this machine's by agreement, `there` is what the host writes to and reads. */
  let here: string;
  let there: string;

  beforeEach(async () => {
    host = places.byWay[way];
    const root = await mkdtemp(join(places.directory, "test-"));
    here = join(root, "here");
    there = join(root, "there");
    await mkdir(here);
    await mkdir(there);
  });

  test("a tree of odd names, modes, times and links goes there and back unchanged", async () => {
    await makeOddTree(join(here, "tree"));
    await host.put(join(here, "tree"), there);
    const sent = await listTree(join(here, "tree"));
    expect(await listTree(join(there, "tree"))).toEqual(sent);
    await host.get(join(there, "tree"), join(here, "back"));
    expect(await listTree(join(here, "back"))).toEqual(sent);
  });

  test("many bytes go there and back unchanged", async () => {
    const bytes = randomBytes(20_000_000);
    await writeFile(join(here, "big"), bytes);
    const result = await host.put(join(here, "big"), `${there}/`);
    expect(result).toEqual({
      copies: [{ source: join(here, "big"), target: join(there, "big") }],
      entries: 1,
      bytes: bytes.length,
    });
    await host.get(join(there, "big"), join(here, "back"));
    for (const path of [join(there, "big"), join(here, "back")]) {
      expect((await readFile(path)).equals(bytes)).toBe(true);
    }
  });

  // Sources, destination, what is there before, and after. Sources are written as paths of `source`.
  const cases: readonly (readonly [
    string,
    readonly string[],
    string,
    Record<string, string>,
    Record<string, string>,
  ])[] = [
    ["a file under a new name", ["f"], "new", {}, { new: "F" }],
    ["a file into a directory that is missing", ["f"], "a/b/", {}, { "a/b/f": "F" }],
    ["a file under a new name in a directory that is missing", ["f"], "a/b", {}, { "a/b": "F" }],
    ["a file into a directory", ["f"], "d", { "d/": "" }, { "d/f": "F" }],
    ["a file over a file", ["f"], "old", { old: "before" }, { old: "F" }],
    [
      "several into a directory",
      ["f", "t"],
      "d",
      { "d/x": "X" },
      { "d/f": "F", "d/t/g": "G", "d/t/s/h": "H", "d/x": "X" },
    ],
    ["several into a directory that is missing", ["f", "t/g"], "d", {}, { "d/f": "F", "d/g": "G" }],
    ["a directory under a new name", ["t"], "new", {}, { "new/g": "G", "new/s/h": "H" }],
    ["a directory under a new name with a slash", ["t"], "new/", {}, { "new/g": "G", "new/s/h": "H" }],
    ["a directory with a slash into a directory", ["t/"], "d", { "d/": "" }, { "d/t/g": "G", "d/t/s/h": "H" }],
    ["what is in a directory", ["t/."], "d", { "d/x": "X" }, { "d/g": "G", "d/s/h": "H", "d/x": "X" }],
    ["what is in a directory, to one that is missing", ["t/."], "d", {}, { "d/g": "G", "d/s/h": "H" }],
    ["an empty directory", ["e"], "d", { "d/": "" }, { "d/e/": "" }],
    [
      "a directory over one of its name",
      ["t"],
      "d",
      { "d/t/g": "old", "d/t/s/k": "K" },
      { "d/t/g": "G", "d/t/s/h": "H", "d/t/s/k": "K" },
    ],
  ];
  // Files go the same way without a shell, running or not, and to a container, however its engine is reached.
  const isLikeAnother = way === "container without a shell" || way === "container through a bastion";
  const tabled = <Row>(rows: readonly Row[]) => (isLikeAnother ? [] : rows);
  const source = { f: "F", "t/g": "G", "t/s/h": "H", "e/": "" };

  test.each(tabled(cases))("put takes %s", async (_what, sources, destination, before, after) => {
    await makeFiles(here, source);
    await makeFiles(there, before);
    await host.put(
      sources.map((path) => `${here}/${path}`),
      `${there}/${destination}`,
    );
    expect(await readFiles(there)).toEqual(after);
  });

  test.each(tabled(cases))("get takes %s", async (_what, sources, destination, before, after) => {
    await makeFiles(there, source);
    await makeFiles(here, before);
    await host.get(
      sources.map((path) => `${there}/${path}`),
      `${here}/${destination}`,
    );
    expect(await readFiles(here)).toEqual(after);
  });

  test.each([
    ["a file over a directory of its name", ["f"], "d", { "d/f/": "" }],
    ["a directory over a file", ["t"], "old", { old: "before" }],
    ["a directory over a file of its name", ["t"], "d", { "d/t": "before" }],
    ["several over a file", ["f", "t"], "old", { old: "before" }],
    ["a file over a file that is named as a directory", ["f"], "old/", { old: "before" }],
    ...(replacesInOneStep(way) ? conflictsWithin : []),
    ["a file as a directory", ["f/."], "d", {}],
  ] as [string, string[], string, Record<string, string>][])(
    "refuses %s, and leaves what was there",
    async (_what, sources, destination, before) => {
      await makeFiles(here, source);
      await makeFiles(there, before);
      const unchanged = await readFiles(there);
      const putting = host.put(
        sources.map((path) => `${here}/${path}`),
        `${there}/${destination}`,
      );
      await expect(putting).rejects.toMatchObject({
        code: expect.stringMatching(/^FILES_(CONFLICT|NOT_FOUND|COPY_FAILED)$/),
      });
      expect(await readFiles(there)).toEqual(unchanged);
      const getting = host.get(
        sources.map((path) => `${here}/${path}`),
        `${there}/${destination}`,
      );
      await expect(getting).rejects.toMatchObject({ code: expect.stringMatching(/^FILES_(CONFLICT|NOT_FOUND)$/) });
      expect(await readFiles(there)).toEqual(unchanged);
    },
  );

  test("refuses two sources of one name before anything is sent", async () => {
    await makeFiles(here, { "a/same": "1", "b/same": "2" });
    const sources = [`${here}/a/same`, `${here}/b/same`];
    const error = { code: "FILES_SAME_NAME", message: expect.stringContaining("same") as string };
    await expect(host.put(sources, `${there}/new/`)).rejects.toMatchObject(error);
    await expect(host.get(sources, `${there}/new/`)).rejects.toMatchObject(error);
    expect(await readdir(there)).toEqual([]);
  });

  test("says which source is missing, and that a FIFO is not copied", async () => {
    await expect(host.put(`${here}/no`, there)).rejects.toMatchObject({
      code: "FILES_NOT_FOUND",
      message: expect.stringContaining(`${here}/no`) as string,
    });
    await expect(host.get(`${there}/no`, here)).rejects.toMatchObject({ code: "FILES_NOT_FOUND" });
    execFileSync("mkfifo", [join(here, "fifo")]);
    await expect(host.put(`${here}/fifo`, there)).rejects.toMatchObject({ code: "FILES_SPECIAL" });
    await expect(host.put(here, there)).rejects.toMatchObject({ code: "FILES_SPECIAL" });
    await expect(host.get(`${here}/fifo`, there)).rejects.toMatchObject({ code: "FILES_SPECIAL" });
    await expect(host.get(here, there)).rejects.toMatchObject({
      code: expect.stringMatching(/FILES_(SPECIAL|REFUSED)/),
    });
    expect(await readdir(there)).toEqual([]);
  });

  test("follows a link that is named as a directory, and keeps other links", async () => {
    await makeFiles(here, { "real/f": "F" });
    await symlink("real", join(here, "link"));
    await host.put(`${here}/link`, `${there}/kept`);
    await host.put(`${here}/link/`, `${there}/followed`);
    await host.get(`${here}/link`, `${there}/kept-too`);
    await host.get(`${here}/link/.`, `${there}/followed-too`);
    expect(await readFiles(there)).toEqual({
      kept: "> real",
      "followed/f": "F",
      "kept-too": "> real",
      "followed-too/f": "F",
    });
  });

  test("writes to where a link at the destination leads", async () => {
    await makeFiles(here, { f: "new" });
    await makeFiles(there, { "real/f": "old", other: "old" });
    await symlink("real", join(there, "dir"));
    await symlink("other", join(there, "file"));
    await host.put(`${here}/f`, `${there}/dir`);
    await host.put(`${here}/f`, `${there}/file`);
    expect(await readFiles(there)).toEqual({ dir: "> real", file: "> other", other: "new", "real/f": "new" });
  });

  test("sets a mode on files alone, and copies no set-user-ID", async () => {
    await makeFiles(here, { "t/f": "F" });
    await chmod(join(here, "t"), 0o750);
    await chmod(join(here, "t/f"), 0o4755);
    await host.put(`${here}/t`, `${there}/own`);
    await host.put(`${here}/t`, `${there}/given`, { mode: 0o640 });
    await host.get(`${here}/t`, `${there}/got`);
    const modes = async (path: string) => ((await stat(join(there, path))).mode & 0o7777).toString(8);
    expect([await modes("own"), await modes("own/f"), await modes("given"), await modes("given/f")]).toEqual([
      "750",
      "755",
      "750",
      "640",
    ]);
    expect(await modes("got/f")).toBe("755");
    await expect(host.put(`${here}/t`, there, { mode: 0o10000 })).rejects.toBeInstanceOf(TypeError);
  });

  test("concurrent puts and gets do not mix", async () => {
    const numbers = Array.from({ length: 6 }, (_, number) => number);
    for (const number of numbers) {
      await makeFiles(join(here, `${number}`), { "app.conf": `${number}`.repeat(100_000), [`own-${number}`]: "own" });
    }
    await Promise.all(numbers.map((number) => host.put(`${here}/${number}/.`, `${there}/${number}`)));
    await Promise.all(numbers.map((number) => host.get(`${there}/${number}/.`, `${here}/back-${number}`)));
    for (const number of numbers) {
      const sent = await readFiles(join(here, `${number}`));
      expect(await readFiles(join(there, `${number}`))).toEqual(sent);
      expect(await readFiles(join(here, `back-${number}`))).toEqual(sent);
    }
  });

  test("plans without a change when it runs dry", async () => {
    await makeFiles(here, source);
    const result = await host.put([`${here}/f`, `${here}/t`], `${there}/new`, { dryRun: true });
    expect(result).toEqual({
      copies: [
        { source: `${here}/f`, target: `${there}/new/f` },
        { source: `${here}/t`, target: `${there}/new/t` },
      ],
      entries: 0,
      bytes: 0,
    });
    expect(await readdir(there)).toEqual([]);
  });

  test("tells how far it is", async () => {
    await writeFile(join(here, "f"), randomBytes(2_000_000));
    const told: number[] = [];
    await host.put(`${here}/f`, there, {
      onProgress: ({ bytes, totalBytes }) => {
        expect(totalBytes).toBe(2_000_000);
        told.push(bytes);
      },
    });
    expect(told.at(-1)).toBe(2_000_000);
    expect(told).toEqual(told.toSorted((a, b) => a - b));
  });

  test("an aborted get leaves the old file and nothing else", async () => {
    await writeFile(join(there, "f"), randomBytes(30_000_000));
    await writeFile(join(here, "f"), "old");
    const controller = new AbortController();
    const onProgress = () => controller.abort(new Error("enough"));
    const getting = host.get(`${there}/f`, here, { signal: controller.signal, onProgress });
    await expect(getting).rejects.toThrow("enough");
    expect(await readFiles(here)).toEqual({ f: "old" });
  });

  test("a place that takes no files is told with its path and the reason", async () => {
    await makeFiles(here, source);
    for (const path of ["/proc/otto/", `${here}/f/below`]) {
      await expect(host.put(`${here}/f`, path)).rejects.toMatchObject({
        code: "FILES_COPY_FAILED",
        message: expect.stringMatching(/(\/proc|\/f).*: ./) as string,
      });
    }
    expect(await readFiles(here)).toEqual(source);
  });
});

describe.each(placeWays.filter(replacesInOneStep))("a file that is replaced on a host (%s)", (way) => {
  test("is the old one, and alone, after a put that was aborted", async () => {
    const root = await mkdtemp(join(places.directory, "test-"));
    await writeFile(join(root, "f"), randomBytes(30_000_000));
    await makeFiles(join(root, "there"), { f: "old" });
    const controller = new AbortController();
    const onProgress = () => controller.abort(new Error("enough"));
    const putting = places.byWay[way].put(`${root}/f`, `${root}/there`, { signal: controller.signal, onProgress });
    await expect(putting).rejects.toThrow("enough");
    expect(await readFiles(join(root, "there"))).toEqual({ f: "old" });
  });
});
