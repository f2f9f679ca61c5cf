import { isDeepStrictEqual } from "node:util";
import { isOttoError } from "@otto/errors";
import { expect, test } from "vitest";
import { makeFiles, readFiles } from "../file-trees.js";
import { createSides } from "./file-sides.js";
import type { Host } from "./host.js";
import type { HostTests } from "./host-tests.js";

const source = { f: "F", "t/g": "G", "t/s/h": "H", "e/": "" };

// Sources, destination, what is there before, and after. Sources are written as paths of `source`.
const cases: readonly (readonly [string, readonly string[], string, Record<string, string>, Record<string, string>])[] =
  [
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

export interface Conflict {
  readonly sources: readonly string[];
  readonly destination: string;
  /** What is at the destination before. */
  readonly before: Readonly<Record<string, string>>;
}

const conflicts: readonly (readonly [string, Conflict])[] = [
  ["a file over a directory of its name", { sources: ["f"], destination: "d", before: { "d/f/": "" } }],
  ["a directory over a file", { sources: ["t"], destination: "old", before: { old: "before" } }],
  ["a directory over a file of its name", { sources: ["t"], destination: "d", before: { "d/t": "before" } }],
  ["several over a file", { sources: ["f", "t"], destination: "old", before: { old: "before" } }],
  [
    "a file over a file that is named as a directory",
    { sources: ["f"], destination: "old/", before: { old: "before" } },
  ],
  ["a file as a directory", { sources: ["f/."], destination: "d", before: {} }],
];

/** Which path each source goes to, as `cp -r` has it. */
export function testFileTables({ host, directory }: HostTests): void {
  test.each(cases)("put takes %s", async (_what, sources, destination, before, after) => {
    const { here, there } = await createSides(directory());
    await makeFiles(here, source);
    await makeFiles(there, before);
    await host().put(
      sources.map((path) => `${here}/${path}`),
      `${there}/${destination}`,
    );
    expect(await readFiles(there)).toEqual(after);
  });

  test.each(cases)("get takes %s", async (_what, sources, destination, before, after) => {
    const { here, there } = await createSides(directory());
    await makeFiles(there, source);
    await makeFiles(here, before);
    await host().get(
      sources.map((path) => `${there}/${path}`),
      `${here}/${destination}`,
    );
    expect(await readFiles(here)).toEqual(after);
  });

  test.each(conflicts)("refuses %s, and leaves what was there", async (_what, conflict) => {
    expect(await tryConflict(host(), directory(), conflict)).toEqual(refused);
  });
}

/** How a put and a get of a conflict are refused, and whether all is as it was. */
export async function tryConflict(host: Host, directory: string, { sources, destination, before }: Conflict) {
  const { here, there } = await createSides(directory);
  await makeFiles(here, source);
  await makeFiles(there, before);
  const unchanged = await readFiles(there);
  const paths = sources.map((path) => `${here}/${path}`);
  const put = await codeOf(host.put(paths, `${there}/${destination}`));
  const leftByPut = await readFiles(there);
  const get = await codeOf(host.get(paths, `${there}/${destination}`));
  return {
    put,
    get,
    changes: [leftByPut, await readFiles(there)].filter((left) => !isDeepStrictEqual(left, unchanged)),
  };
}

export const refused = {
  put: expect.stringMatching(/^FILES_(CONFLICT|NOT_FOUND|COPY_FAILED)$/) as string,
  get: expect.stringMatching(/^FILES_(CONFLICT|NOT_FOUND)$/) as string,
  changes: [],
};

async function codeOf(copying: Promise<unknown>): Promise<string> {
  return copying.then(
    () => "copied",
    (error: unknown) => (isOttoError(error) ? error.code : String(error)),
  );
}
