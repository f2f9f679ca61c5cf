import { join } from "node:path";
import { type BuildEvent, buildImages, type ImageResult } from "@otto/build";
import { layBusybox } from "@otto/lab";
import { afterAll, afterEach, beforeEach, expect, test } from "vitest";
import { type BuildRepo, createBuildRepo, parent } from "./local-build.js";

const images = ["api", "db", "web"];
let repo: BuildRepo;

beforeEach(async () => {
  const further = images.slice(1).map((name) => `[[docker.images]]\nname = "${name}"\ncontext = "${name}"\n`);
  repo = await createBuildRepo(further.map((image) => `${image}dockerfile = "context/Dockerfile"\n`).join(""));
  for (const directory of ["context", ...images.slice(1)]) await layBusybox(join(repo.root, directory, "root"));
});

afterEach(() => repo[Symbol.asyncDispose]());
afterAll(() => parent[Symbol.asyncDispose]());

const types: readonly BuildEvent["type"][] = [
  "build.started",
  "build.step",
  "build.output",
  "build.sent",
  "build.finished",
];

test.each(types)(
  "a listener that throws at %s ends no build: the call fails with it when all have settled",
  async (at) => {
    await repo.write("context/Dockerfile", `FROM scratch\nCOPY root /\nRUN echo ${repo.name}\n`);
    const finished: Record<string, ImageResult["status"]> = {};
    let thrown = 0;
    const onEvent = (event: BuildEvent) => {
      if (event.type === "build.finished") finished[event.image] = event.result.status;
      if (event.type === at) throw new Error(`listener ${++thrown}`);
    };
    await expect(buildImages(await repo.load(), parent, { onEvent })).rejects.toThrow("listener 1");
    expect(finished).toEqual(Object.fromEntries(images.map((image) => [image, "success"])));
    const after = Object.values(await buildImages(await repo.load(), parent, {}));
    expect(after.map(({ status }) => status)).toEqual(images.map(() => "skipped"));
  },
);
