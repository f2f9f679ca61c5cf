import { execFile } from "node:child_process";
import { chmod, mkdir, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { buildImages, contextHash, formatBuildStep, planBuild } from "@otto/build";
import { listImage } from "@otto/lab";
import { afterAll, expect, test } from "vitest";
import { type BuildRepo, build, createBuildRepo, onlyImage, parent } from "./local-build.js";
import { watchListings } from "./watched-listings.js";

const execute = promisify(execFile);
const docker = (...args: string[]) => execute("docker", args);
afterAll(() => parent[Symbol.asyncDispose]());

const statusOf = async (repo: BuildRepo) => (await build(await repo.load())).result.status;
const hashOf = async (repo: BuildRepo) => contextHash(onlyImage(await repo.load()));

test("an edit outside of what the Dockerfile copies builds nothing, and opens no directory beside it", async () => {
  await using repo = await createBuildRepo();
  await repo.write("context/Dockerfile", "FROM scratch\nCOPY app/src conf/*.txt /\nCOPY current/file /\n");
  await repo.write("context/app/src/deep/main.c", "main");
  await repo.write("context/conf/a.txt", "a");
  await repo.write("context/conf/inner/b.txt", "b");
  await repo.write("context/releases/1/file", "file");
  await repo.write("context/node_modules/one/two/three", "much");
  await symlink("releases/1", join(repo.root, "context/current"));
  const loaded = await repo.load();
  expect((await build(loaded)).result.status).toBe("success");
  for (const path of ["README.md", "node_modules/one/two/three", "conf/c.md", "releases/2/file", "conf/inner/b.txt"]) {
    await repo.write(`context/${path}`, "another");
    expect(await statusOf(repo), path).toBe("skipped");
  }
  expect(await watchListings(join(repo.root, "context"), () => buildImages(loaded, parent))).toEqual([
    "/app/src",
    "/app/src/deep",
    "/conf",
  ]);
  await repo.write("context/releases/1/file", "another");
  expect(await statusOf(repo)).toBe("success");
});

test("every edit of what the Dockerfile copies changes the hash, and nothing else does", async () => {
  await using repo = await createBuildRepo();
  await repo.write("context/Dockerfile", "FROM scratch\nCOPY in /in\nCOPY link /file\n");
  for (const path of ["in/a", "one", "two", "out/a"]) await repo.write(`context/${path}`, path);
  await symlink("one", join(repo.root, "context/link"));
  const at = (path: string) => join(repo.root, "context", path);
  const relink = async () => {
    await rm(at("link"));
    await symlink("two", at("link"));
  };
  const edits: [string, () => Promise<unknown>, boolean][] = [
    ["content", () => repo.write("context/in/a", "B"), true],
    ["the executable bit", () => chmod(at("in/a"), 0o755), true],
    ["the mode without it", () => chmod(at("in/a"), 0o700), false],
    ["times", () => utimes(at("in/a"), 1, 1), false],
    ["the mode of a directory", () => chmod(at("in"), 0o700), false],
    ["an empty directory", () => mkdir(at("in/empty")), true],
    ["what a link leads to", () => repo.write("context/one", "B"), true],
    ["another file", () => repo.write("context/two", "B"), false],
    ["the target of a link", relink, true],
    ["what it leads to now", () => repo.write("context/two", "C"), true],
    ["what it led to", () => repo.write("context/one", "C"), false],
    ["a directory beside", () => rm(at("out"), { recursive: true }), false],
    ["the ignore file, as far as it says nothing of it", () => repo.write("context/.dockerignore", "two2\n"), false],
    ["the ignore file", () => repo.write("context/.dockerignore", "in/a\n"), true],
  ];
  for (const [what, edit, isChange] of edits) {
    const before = await hashOf(repo);
    await edit();
    expect((await hashOf(repo)) !== before, what).toBe(isChange);
  }
});

/** An image of this name that adds `COPY . /all/` to whatever begins with it. */
async function buildTrigger(name: string, root: string): Promise<void> {
  await writeFile(join(root, "Trigger"), "FROM scratch\nCOPY Trigger /\nONBUILD COPY . /all/\n");
  await docker("build", "--quiet", "--tag", name, "--file", join(root, "Trigger"), root);
}

test("a base image whose ONBUILD reads the context makes the whole of it count, for this image and those on it", async () => {
  const above = `[[docker.images]]\nname = "above"\ncontext = "above"\ndockerfile = "above/Dockerfile"\n`;
  await using repo = await createBuildRepo(above);
  const trigger = `${repo.name}-trigger`;
  await buildTrigger(trigger, repo.root);
  await repo.write("context/Dockerfile", `FROM ${trigger}\nCOPY a /\n`);
  await repo.write("context/a", "a");
  await repo.write("context/b", "b");
  await repo.write("above/Dockerfile", `FROM ${repo.name}-api:latest\nCOPY c /\n`);
  await repo.write("above/c", "c");
  const loaded = await repo.load();
  const finished: string[] = [];
  const buildAll = () =>
    buildImages(loaded, parent, {
      onEvent: (event) => event.type === "build.finished" && finished.push(`${event.image} ${event.result.status}`),
    });
  const plan = async () => (await planBuild(loaded, parent)).map((step) => `${step.image} ${step.do}`);
  const files = async () => (await listImage(`${repo.name}-above:latest`)).map((line) => line.split(" ")[4]);
  expect(await buildAll()).toMatchObject({ api: { status: "success" }, above: { status: "success" } });
  expect(finished).toEqual(["api success", "above success"]);
  expect(await files()).toEqual(expect.arrayContaining(["a", "all/a", "all/b", "c"]));
  expect(await plan()).toEqual(["api skip", "above skip"]);
  const [step] = await planBuild(loaded, parent);
  expect(step && formatBuildStep(step)).toContain(
    "any change of its context makes another image: the engine asks for all of its context, which the Dockerfile does not name",
  );
  await repo.write("context/b", "another");
  expect(await plan()).toEqual(["api build", "above build"]);
  expect(await buildAll()).toMatchObject({ api: { status: "success" }, above: { status: "success" } });
  expect(await plan()).toEqual(["api skip", "above skip"]);
  expect(await buildAll()).toMatchObject({ api: { status: "skipped" }, above: { status: "skipped" } });
  await docker("image", "rm", trigger);
});

test("of images that were not named, none is built because a named one cannot be pushed", async () => {
  const image = (name: string, more = "") =>
    `[[docker.images]]\nname = "${name}"\ncontext = "${name}"\ndockerfile = "${name}/Dockerfile"\n${more}`;
  await using repo = await createBuildRepo(image("above", "push = true\n") + image("other"));
  const trigger = `${repo.name}-trigger`;
  await buildTrigger(trigger, repo.root);
  await repo.write("context/Dockerfile", `FROM ${trigger}\n`);
  await repo.write("above/Dockerfile", `FROM ${repo.name}-api:latest\n`);
  await repo.write("other/Dockerfile", "FROM scratch\nCOPY Dockerfile /\n");
  const results = await buildImages(await repo.load(), parent, { imageNames: ["above"] });
  expect(Object.keys(results)).toEqual(["above"]);
  expect(results.above).toMatchObject({ status: "failed", error: { code: "BUILD_NO_REGISTRY" } });
  await docker("image", "rm", trigger);
});

test("the plan says why any change of a context counts", async () => {
  await using repo = await createBuildRepo();
  const plan = async (dockerfile: string) => {
    await repo.write("context/Dockerfile", dockerfile);
    return (await planBuild(await repo.load(), parent)).map(formatBuildStep).join();
  };
  expect(await plan("FROM scratch\nCOPY . /\n")).toMatch(/\(no image with this hash is there\)$/);
  expect(await plan("FROM scratch\nARG DIRECTORY\nCOPY $DIRECTORY /\n")).toMatch(
    /\(no image with this hash is there; any change of its context makes another image: line 3: \$DIRECTORY has no value that is known without the engine\)$/,
  );
});

test("a context that no instruction reads is not walked", async () => {
  await using repo = await createBuildRepo(`additional_contexts = { shared = "shared", unused = "unused" }\n`);
  await repo.write("context/Dockerfile", "FROM scratch\nCOPY --from=shared a /\n");
  for (const path of ["shared/a", "shared/b/c", "unused/a", "context/a"]) await repo.write(path, path);
  const loaded = await repo.load();
  expect(await watchListings(repo.root, () => buildImages(loaded, parent))).toEqual([]);
  await repo.write("shared/b/c", "another");
  await repo.write("unused/a", "another");
  await repo.write("context/a", "another");
  expect(await statusOf(repo)).toBe("skipped");
  await repo.write("shared/a", "another");
  expect(await statusOf(repo)).toBe("success");
});
