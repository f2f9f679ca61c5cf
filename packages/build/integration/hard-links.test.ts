import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { link } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { buildImages } from "@otto/build";
import { podman } from "@otto/lab";
import { afterAll, expect, test } from "vitest";
import { type BuildRepo, build, createBuildRepo, parent } from "./local-build.js";
import { startOwnEngine } from "./own-engine.js";

const execute = promisify(execFile);
const docker = async (...argv: string[]) => (await execute("docker", argv)).stdout.trim();
afterAll(() => parent[Symbol.asyncDispose]());

const bytes = 1_000_000;

/** Three names of one file, in two directories. */
async function createLinkedRepo(step: string): Promise<BuildRepo> {
  const repo = await createBuildRepo();
  await repo.write("context/Dockerfile", `FROM scratch\n${step}\n`);
  await repo.write("context/a/one", randomBytes(bytes));
  await repo.write("context/b/other", "");
  for (const name of ["a/two", "b/three"])
    await link(join(repo.root, "context/a/one"), join(repo.root, "context", name));
  return repo;
}

/** The size of an image's layers, and its entries of the tree as `docker export` lists them. */
async function readImage(tag: string, address?: string) {
  const at = address === undefined ? [] : ["--host", address];
  const size = Number(await docker(...at, "image", "inspect", "--format", "{{.Size}}", tag));
  const id = await docker(...at, "create", tag, "none");
  const list = `docker ${at.join(" ")} export ${id} | tar -tv | grep -E "one|two|three"`;
  const { stdout } = await execute("sh", ["-c", list]);
  await docker(...at, "rm", id);
  const links = stdout.split("\n").filter((line) => line.startsWith("h"));
  return { size, names: stdout.trim().split("\n").length, links: links.length };
}

test.each([
  ["COPY . /", 3],
  ["COPY b a/two /", 2],
])(
  "%s: names of one file are sent once, and are one file in the image, as docker build makes it",
  async (step, names) => {
    await using repo = await createLinkedRepo(step);
    const built = await build(await repo.load());
    expect(built.result).toMatchObject({ status: "success" });
    expect(built.sentBytes).toBeLessThan(1.5 * bytes);
    const reference = `${repo.name}:docker`;
    await docker("build", "--quiet", "--tag", reference, join(repo.root, "context"));
    const expected = await readImage(reference);
    await docker("image", "rm", reference);
    expect(expected.names).toBe(names);
    expect(await readImage(built.result.message)).toEqual(expected);
  },
);

test("an edit of one name's file, and a link that becomes a copy, are seen", async () => {
  await using repo = await createLinkedRepo("COPY . /");
  const first = (await build(await repo.load())).result.message;
  await execute("cp", ["--remove-destination", join(repo.root, "context/a/one"), join(repo.root, "context/a/two")]);
  expect((await build(await repo.load())).result).toMatchObject({ status: "skipped", message: first });
  await repo.write("context/a/two", randomBytes(10));
  expect((await build(await repo.load())).result).toMatchObject({ status: "success" });
});

test("an engine without BuildKit is sent links, too", async () => {
  await using engine = await startOwnEngine(podman);
  await using repo = await createLinkedRepo("COPY . /");
  const { api } = await buildImages(await repo.load(), engine.parent);
  expect(api).toMatchObject({ status: "success" });
  expect(await readImage(api?.message ?? "", engine.address)).toMatchObject({ names: 3, links: 2 });
});
