import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { loadRepo } from "@otto/config";
import { afterEach, beforeEach, expect, test } from "vitest";
import { parse } from "yaml";
import { formatComposeFile } from "./compose-draft.js";
import { draftSettings, withComposeFile } from "./settings-draft.js";

let root: string;
beforeEach(async () => {
  root = join(await mkdtemp(join(tmpdir(), "otto-draft-")), "My Project");
});
afterEach(() => rm(dirname(root), { recursive: true }));

async function draft(files: Readonly<Record<string, string>>) {
  for (const [path, content] of Object.entries({ "README.md": "", ...files })) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), content);
  }
  const drafted = await draftSettings(root);
  await mkdir(join(root, ".otto"));
  await writeFile(join(root, ".otto/settings.toml"), drafted.text);
  const repo = await loadRepo(root, { home: root });
  return { drafted, repo };
}

test("an empty project gets settings that load, named after its directory", async () => {
  const { drafted, repo } = await draft({});
  expect(repo).toMatchObject({ name: "my-project", version: "0.1.0", docker: { images: [], composes: [] } });
  expect(drafted.text).toMatch(/^#:schema .\/settings.schema.json\n/);
});

test.each([
  ["package.json", '{"name": "@acme/shop", "version": "2.1.0"}', "acme-shop", "2.1.0"],
  ["pyproject.toml", '[project]\nname = "Shop"\nversion = "3"\n', "shop", "3"],
  ["Cargo.toml", '[package]\nname = "shop_rs"\n', "shop-rs", "0.1.0"],
  ["package.json", "{ broken", "my-project", "0.1.0"],
])("%s %j gives name and version", async (file, content, name, version) => {
  const { repo } = await draft({ [file]: content });
  expect(repo).toMatchObject({ name, version });
});

test("each Dockerfile is an image with a name of its own, also in its context", async () => {
  const { drafted } = await draft({
    Dockerfile: "FROM scratch\n",
    "api/Dockerfile": "FROM scratch\n",
    "worker.Dockerfile": "FROM scratch\n",
    "Dockerfile.tool": "FROM scratch\n",
    "Dockerfile.dockerignore": "x\n",
    "other/api/Dockerfile": "FROM scratch\n",
    "node_modules/x/Dockerfile": "FROM scratch\n",
  });
  expect(drafted.images).toEqual([
    { name: "app", dockerfile: "Dockerfile", context: "." },
    { name: "tool", dockerfile: "Dockerfile.tool", context: "." },
    { name: "worker", dockerfile: "worker.Dockerfile", context: "." },
    { name: "api", dockerfile: "api/Dockerfile", context: "api" },
    { name: "api-2", dockerfile: "other/api/Dockerfile", context: "other/api" },
  ]);
});

test("what Compose builds is no second image", async () => {
  const { drafted, repo } = await draft({
    "compose.yml":
      "services:\n  api: { build: api }\n  web: { build: { context: ., dockerfile: web/Dockerfile } }\n" +
      "  job: { image: my-project-job }\n",
    "api/Dockerfile": "FROM scratch\n",
    "web/Dockerfile": "FROM scratch\n",
    "job/Dockerfile": "FROM scratch\n",
  });
  expect(drafted.images.map(({ name }) => name)).toEqual(["job"]);
  expect(drafted.builtByCompose).toEqual(["api/Dockerfile", "web/Dockerfile"]);
  expect(repo.docker.images.map(({ name }) => name)).toEqual(["job"]);
  expect(drafted.offered).toEqual([]);
});

const dev = ".devcontainer/devcontainer.json";

test.each([
  ["an image", { [dev]: '{ // of the team\n "image": "debian:12", }' }, { reference: "debian:12" }],
  [
    "a build",
    {
      [dev]: '{ "build": { "dockerfile": "Dockerfile", "context": ".." } }',
      ".devcontainer/Dockerfile": "FROM scratch",
    },
    { images: [{ name: "dev", dockerfile: ".devcontainer/Dockerfile", context: "." }] },
  ],
  [
    "Compose files",
    { [dev]: '{ "dockerComposeFile": ["../stack.yml", "dev.yml"], "service": "app", "runServices": ["db"] }' },
    { composes: ["stack.yml", ".devcontainer/dev.yml"], services: ["app", "db"] },
  ],
  [
    "the file at the root",
    { ".devcontainer.json": '{ "dockerFile": "Dockerfile" }', Dockerfile: "FROM scratch" },
    { images: [{ name: "app" }] },
  ],
  ["what an editor fills in", { [dev]: '{ "image": "a-\u0024{localEnv:X}" }' }, {}],
  ["no JSON", { [dev]: "nonsense" }, {}],
])("a development container with %s", async (_, files, { reference, ...wanted }: Readonly<Record<string, unknown>>) => {
  const { drafted } = await draft(files as Record<string, string>);
  expect(drafted).toMatchObject({ images: [], composes: [], services: [], ...wanted });
  const known = drafted.images.map(({ name }) => `my-project-${name}:latest`);
  const offers = drafted.composes.length > 0 ? [] : [...known, ...(reference === undefined ? [] : [reference])];
  expect(drafted.offered).toEqual(
    offers.map((image) => ({ name: expect.stringMatching(/^(?:app|dev)$/), image, isIdle: true })),
  );
});

test("where there is no Compose file one is offered, with a service for each image", async () => {
  const { drafted } = await draft({ "api/Dockerfile": "FROM scratch\n", "web/Dockerfile": "FROM scratch\n" });
  expect(drafted.offered.map(({ name, image }) => [name, image])).toEqual([
    ["api", "my-project-api:latest"],
    ["web", "my-project-web:latest"],
  ]);
  expect(parse(formatComposeFile(drafted.offered))).toEqual({
    services: {
      api: { image: "my-project-api:latest", init: true },
      web: { image: "my-project-web:latest", init: true },
    },
  });
  expect(withComposeFile(drafted, "compose.yaml").text).toContain('[[docker.composes]]\npath = "compose.yaml"');
});

test("the context is the one of a Compose file elsewhere, else where COPY finds its sources", async () => {
  const { drafted } = await draft({
    "a/Dockerfile": "FROM scratch\nCOPY a/file /\n",
    "a/file": "",
    "b/Dockerfile": "FROM scratch\nCOPY --from=x /never /\nCOPY file /\n",
    "b/file": "",
    "c/Dockerfile": "FROM scratch\nCOPY nowhere /\n",
    "deploy/d/Dockerfile": "FROM scratch\nCOPY nowhere /\n",
    "e/Dockerfile": "FROM scratch\nCOPY --link \\\n  # of the root\n  top /\nRUN <<EOF\nCOPY nowhere /\nEOF\n",
    top: "",
    "compose.yml": "services: {}\n",
    "deploy/compose.yml":
      "services:\n  c:\n    build: {context: .., dockerfile: c/Dockerfile}\n  b:\n    build: ../b/\n" +
      "  d:\n    build: {dockerfile: d/Dockerfile}\n",
  });
  expect(Object.fromEntries(drafted.images.map(({ name, context }) => [name, context]))).toEqual({
    a: ".",
    b: "b",
    c: ".",
    d: "deploy",
    e: ".",
  });
});

test("the Compose files of the shallowest directory are the stack, and labs are found", async () => {
  const { drafted, repo } = await draft({
    "compose.yml": "services: {}\n",
    "compose.override.yml": "services: {}\n",
    "demo/docker-compose.yaml": "services: {}\n",
    "lab_data/lab.json": '{"hosts": []}',
  });
  expect(repo.docker.composes.map(({ path }) => path)).toEqual([
    join(root, "compose.yml"),
    join(root, "compose.override.yml"),
  ]);
  expect(drafted.otherComposes).toEqual(["demo/docker-compose.yaml"]);
  expect(repo.labSources).toEqual([{ backend: "json", paths: [join(root, "lab_data/lab.json")] }]);
});
