import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { type BuildImagesOptions, buildImages, contextHash, formatBuildStep, planBuild } from "@otto/build";
import { layBusybox, type Registry, readImageFile, startRegistry } from "@otto/lab";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type BuildRepo, createBuildRepo, parent } from "./local-build.js";

const execute = promisify(execFile);
const docker = async (...args: string[]) => (await execute("docker", args)).stdout.trim();
let registry: Registry;
beforeAll(async () => {
  registry = await startRegistry();
});
afterAll(async () => {
  await registry[Symbol.asyncDispose]();
  await parent[Symbol.asyncDispose]();
});

interface TwoImages {
  readonly dockerfile?: string;
  readonly settings?: string;
  readonly baseFrom?: string;
}

/** `api`, declared first, stands on `base`; `$NAME` is the repo. */
async function createTwo(options: TwoImages = {}): Promise<BuildRepo> {
  const { dockerfile = "FROM $NAME-base:latest\nCOPY word /api\n", settings = "", baseFrom = "scratch" } = options;
  const base = `[[docker.images]]\nname = "base"\ncontext = "base"\ndockerfile = "base/Dockerfile"\n`;
  const repo = await createBuildRepo(`${settings}${base}`);
  const settingsFile = ".otto/settings.toml";
  const text = `name = "${repo.name}"\nversion = "1"\n[[docker.images]]\nname = "api"\ncontext = "context"\ndockerfile = "context/Dockerfile"\n${settings}${base}`;
  await repo.write(settingsFile, text.replaceAll("$NAME", repo.name));
  await layBusybox(join(repo.root, "base/root"));
  await repo.write("base/Dockerfile", `FROM ${baseFrom}\nCOPY root /\nCOPY word /base\n`);
  await repo.write("base/word", "one");
  await repo.write("context/word", "api");
  await repo.write("context/Dockerfile", dockerfile.replaceAll("$NAME", repo.name));
  return repo;
}

const buildAll = async (repo: BuildRepo, options: BuildImagesOptions = {}) =>
  buildImages(await repo.load(), parent, options);
const planAll = async (repo: BuildRepo, options: BuildImagesOptions = {}) =>
  (await planBuild(await repo.load(), parent, options)).map((step) => `${step.image} ${step.do}`);
const wordOf = async (repo: BuildRepo, file = "/base") => (await readImageFile(`${repo.name}-api:latest`, file)).trim();

test.concurrent.each([
  ["FROM", "FROM $NAME-base:latest\nCOPY word /api\n", ""],
  ["FROM without a tag", "FROM docker.io/library/$NAME-base\nCOPY word /api\n", ""],
  ["FROM with a build argument", "ARG BASE\nFROM $BASE\nCOPY word /api\n", `build_args = { BASE = "$NAME-base" }\n`],
  ["COPY --from", "FROM scratch\nCOPY --from=$NAME-base / /\nCOPY word /api\n", ""],
  [
    "a named context",
    "FROM base\nCOPY word /api\n",
    `additional_contexts = { base = "docker-image://$NAME-base:latest" }\n`,
  ],
])(
  "an image that takes a declared one by %s is built after it, and again when that one changes",
  async (_, dockerfile, settings) => {
    await using repo = await createTwo({ dockerfile, settings });
    expect(await buildAll(repo)).toMatchObject({ api: { status: "success" }, base: { status: "success" } });
    expect(await wordOf(repo)).toBe("one");
    await repo.write("base/word", "two");
    expect(await planAll(repo)).toEqual(["base build", "api build"]);
    expect(await buildAll(repo)).toMatchObject({ api: { status: "success" }, base: { status: "success" } });
    expect(await wordOf(repo)).toBe("two");
    expect(await buildAll(repo)).toMatchObject({ api: { status: "skipped" }, base: { status: "skipped" } });
  },
);

test.concurrent("a named image brings what it stands on, where it has to be built", async () => {
  await using repo = await createTwo();
  const imageNames = ["api"];
  expect(Object.keys(await buildAll(repo, { imageNames }))).toEqual(["api", "base"]);
  expect(await planAll(repo, { imageNames })).toEqual(["api skip"]);
  expect(await planAll(repo, { imageNames, rebuild: true })).toEqual(["base skip", "api build"]);
  const loaded = await repo.load();
  const [api] = loaded.docker.images;
  if (api === undefined) throw new Error("the repo declares api");
  const { api: result } = await buildImages(loaded, parent, { imageNames });
  expect(result).toMatchObject({ hash: await contextHash(api, { repo: loaded }) });
  expect(await contextHash(api)).not.toBe(await contextHash(api, { repo: loaded }));
});

test.concurrent("an image whose base fails is not built on an older one, and says which failed", async () => {
  await using repo = await createTwo();
  await buildAll(repo);
  await repo.write("base/Dockerfile", "FROM scratch\nCOPY absent /\n");
  expect(await buildAll(repo)).toMatchObject({
    base: { status: "failed", error: { code: "ENGINE_BUILD_FAILED" } },
    api: { status: "failed", error: { code: "BUILD_BASE_FAILED", details: { base: "base" } } },
  });
  await execute("rm", [join(repo.root, "base/Dockerfile")]);
  expect(await planBuild(await repo.load(), parent)).toMatchObject([
    { do: "fail", image: "api", error: { code: "BUILD_BASE_FAILED" } },
    { do: "fail", image: "base", error: { code: "CONTEXT_DOCKERFILE_NOT_FOUND" } },
  ]);
});

test.concurrent("images that stand on each other are refused by name; a stage that is not built counts for nothing", async () => {
  await using repo = await createTwo();
  await repo.write(
    "base/Dockerfile",
    `FROM scratch AS unused\nCOPY --from=${repo.name}-api / /\nFROM scratch\nCOPY word /base\n`,
  );
  expect(await planAll(repo)).toEqual(["base build", "api build"]);
  await repo.write("base/Dockerfile", `FROM ${repo.name}-api\n`);
  const steps = await planBuild(await repo.load(), parent);
  expect(steps).toMatchObject([{ error: { code: "BUILD_BASE_CYCLE" } }, { error: { code: "BUILD_BASE_CYCLE" } }]);
  expect(steps.map(formatBuildStep)[0]).toContain("api → base → api");
});

/** An image in the registry with `word` in `/outer`. */
async function pushOuter(reference: string, word: string): Promise<void> {
  const script =
    'd=$(mktemp -d) && printf "%s" "$2" >$d/outer && tar -C $d -c outer | docker import - "$1" && rm -r $d';
  await execute("sh", ["-c", script, "sh", reference, word]);
  await docker("push", "--quiet", reference);
  await docker("image", "rm", "--force", reference);
}

test.concurrent("pull builds what has a newer base image in the registry, and what stands on it, and nothing else", async () => {
  const outer = `${registry.host}/outer:1`;
  await pushOuter(outer, "old");
  await using repo = await createTwo({ baseFrom: outer });
  await buildAll(repo);
  expect(await wordOf(repo, "/outer")).toBe("old");
  expect(await buildAll(repo, { pull: true })).toMatchObject({
    api: { status: "skipped", source: "present" },
    base: { status: "skipped", source: "present" },
  });
  await pushOuter(outer, "new");
  expect(await buildAll(repo)).toMatchObject({ api: { status: "skipped" } });
  expect(await wordOf(repo, "/outer")).toBe("old");
  expect(await planAll(repo, { pull: true })).toEqual(["base build", "api build"]);
  expect(await buildAll(repo, { pull: true })).toMatchObject({
    api: { status: "success", source: "built" },
    base: { status: "success", source: "built" },
  });
  expect(await wordOf(repo, "/outer")).toBe("new");
});

test.concurrent("pull asks for the other base images of one that stands on a declared one", async () => {
  const outer = `${registry.host}/beside:1`;
  await pushOuter(outer, "old");
  await using repo = await createTwo({
    dockerfile: `FROM $NAME-base\nCOPY --from=${outer} /outer /outer\nCOPY word /api\n`,
  });
  await buildAll(repo);
  await pushOuter(outer, "new");
  expect(await buildAll(repo, { pull: true })).toMatchObject({
    api: { status: "success" },
    base: { status: "skipped" },
  });
  expect(await wordOf(repo, "/outer")).toBe("new");
});

test.concurrent("pull asks for no image that a named context hides", async () => {
  await using repo = await createTwo({
    dockerfile: "FROM base\nCOPY --from=assets word /api\n",
    settings: `additional_contexts = { base = "docker-image://$NAME-base:latest", assets = "context" }\n`,
  });
  expect(await buildAll(repo, { pull: true })).toMatchObject({ api: { status: "success" } });
});
