import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { askAttw, askPublint } from "./checkers.js";
import { type Consumer, createConsumers } from "./consumers.js";
import { runExample } from "./example.js";
import { listPublishedPackages, toFileName, workspaceRoot } from "./published-packages.js";
import { findUnresolvedSourceMaps } from "./source-maps.js";
import { prepareSurroundings } from "./surroundings.js";
import { listTarball, packAll, readTarball, unpackTarball } from "./tarballs.js";

// pnpm, a compiler and an engine, on what may be a busy machine.
const exampleTimeoutMs = 300_000;

const packages = listPublishedPackages();
let scratch: string;
let tarballs: ReadonlyMap<string, string>;
let consumers: ReadonlyMap<string, Consumer>;

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "otto-pack-"));
  tarballs = await packAll(packages, scratch);
  consumers = await createConsumers(join(scratch, "consumers"), packages, tarballs);
}, exampleTimeoutMs);
afterAll(() => rm(scratch, { recursive: true }));

describe.concurrent.each(packages)("$name", ({ name, directory, manifest }) => {
  const tarball = () => tarballs.get(name) ?? "";

  test(
    "the README's example compiles and runs where the package alone is installed",
    async () => {
      const consumer = consumers.get(name);
      expect(consumer?.faults).toEqual([]);
      if (consumer === undefined) return;
      await using around = await prepareSurroundings(name, consumer.directory);
      expect(await runExample(consumer, around)).not.toBe("");
    },
    exampleTimeoutMs,
  );

  test("publint and attw find nothing to say", async () => {
    const bytes = await readTarball(tarball());
    expect(await askPublint(bytes)).toEqual([]);
    expect(await askAttw(bytes)).toEqual([]);
  });

  test("the tarball holds code, types, README and licence, and no tests", async () => {
    const files = await listTarball(tarball());
    const entry = Object.values(manifest.exports["."]).map((path) => path.replace("./", ""));
    expect(entry).toHaveLength(2);
    expect(files).toEqual(expect.arrayContaining(["package.json", "README.md", "LICENSE", ...entry]));
    expect(files.filter((file) => /\.test\.|tsbuildinfo|integration\//.test(file))).toEqual([]);
  });

  test("every source map that a file names is there, and every source that a map names", async () => {
    const unpacked = await unpackTarball(tarball(), join(scratch, "unpacked", toFileName(name)));
    const { looked, unresolved } = await findUnresolvedSourceMaps(unpacked);
    expect(looked).toBeGreaterThan(0);
    expect(unresolved).toEqual([]);
  });

  test("the manifest says what people look for, and nothing that only the workspace has", async () => {
    const unpacked = await unpackTarball(tarball(), join(scratch, "manifests", toFileName(name)));
    const packed = JSON.parse(readFileSync(join(unpacked, "package.json"), "utf8"));
    const { repository, homepage, bugs } = JSON.parse(readFileSync(join(workspaceRoot, "package.json"), "utf8"));
    const folder = relative(workspaceRoot, directory);
    expect(packed).toMatchObject({
      license: "MIT",
      publishConfig: { access: "public", provenance: true },
      repository: { ...repository, directory: folder },
      homepage: homepage.replace("#readme", `/tree/main/${folder}#readme`),
      bugs,
      description: expect.stringMatching(/\.$/),
    });
    expect(packed.keywords.length).toBeGreaterThan(2);
    expect(Object.keys(packed)).not.toEqual(expect.arrayContaining(["devDependencies"]));
    expect(Object.keys(packed)).not.toEqual(expect.arrayContaining(["scripts"]));
    const published = new Map(packages.map((found) => [found.name, found.manifest.version]));
    const ranges: [string, string][] = Object.entries(packed.dependencies ?? {});
    const ownRanges = ranges.filter(([needed]) => needed.startsWith("@otto/") || published.has(needed));
    expect(ownRanges).toEqual(ownRanges.map(([needed]) => [needed, published.get(needed)]));
    expect(ranges.filter(([, range]) => /^(?:workspace|catalog|file|link):/.test(range))).toEqual([]);
  });
});

test("dockerignore needs one third party, for Go's regular expressions, which needs none", () => {
  const dockerignore = packages.find(({ name }) => name === "@otto/dockerignore");
  expect(Object.keys(dockerignore?.manifest.dependencies ?? {})).toEqual(["@otto/errors", "re2js"]);
  const installed = join(dockerignore?.directory ?? "", "node_modules/re2js/package.json");
  expect(JSON.parse(readFileSync(installed, "utf8"))).not.toHaveProperty("dependencies");
  const hashing = packages.find(({ name }) => name === "@otto/hashing");
  expect(Object.keys(hashing?.manifest.dependencies ?? {})).toEqual(["@otto/errors"]);
  const errors = packages.find(({ name }) => name === "@otto/errors");
  expect(errors?.manifest.dependencies).toBeUndefined();
});
