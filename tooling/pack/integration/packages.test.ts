import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { askAttw, askPublint } from "./checkers.js";
import { createConsumer } from "./consumer.js";
import { runExample } from "./example.js";
import { listPublishedPackages } from "./published-packages.js";
import { readReadme } from "./readme.js";
import { prepareSurroundings } from "./surroundings.js";
import { listTarball, packAll, readTarball } from "./tarballs.js";

// npm, a compiler and an engine, three packages at a time on what may be a busy machine.
const exampleTimeoutMs = 300_000;

const packages = listPublishedPackages();
let scratch: string;
let tarballs: ReadonlyMap<string, string>;

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "otto-pack-"));
  tarballs = await packAll(packages, scratch);
}, exampleTimeoutMs);
afterAll(() => rm(scratch, { recursive: true }));

describe.concurrent.each(packages)("$name", ({ name, directory, manifest }) => {
  const tarball = () => tarballs.get(name) ?? "";

  test(
    "the README's example compiles and runs where the package alone is installed",
    async () => {
      const { installs, example } = await readReadme(directory);
      const project = join(scratch, name.replace("/", "-"));
      await createConsumer(project, installs, tarballs);
      await using around = await prepareSurroundings(name, project);
      expect(await runExample(project, example, around)).not.toBe("");
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
    expect(files).toEqual(
      expect.arrayContaining(["package.json", "README.md", "LICENSE", "dist/index.js", "dist/index.d.ts"]),
    );
    expect(files.filter((file) => /\.test\.|\.map$|tsbuildinfo|^src\/|integration\//.test(file))).toEqual([]);
  });

  test("it would be published for everyone, with its provenance, under the MIT licence", () => {
    expect(manifest).toMatchObject({ license: "MIT", publishConfig: { access: "public", provenance: true } });
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
