import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { buildImages } from "@otto/build";
import type { Parent } from "@otto/hosts";
import { afterAll, expect, test } from "vitest";
import { build, createBuildRepo, parent } from "./local-build.js";

const execute = promisify(execFile);
afterAll(() => parent[Symbol.asyncDispose]());

test("an image that is there is skipped, and latest is pointed at it again", async () => {
  await using repo = await createBuildRepo();
  const loaded = await repo.load();
  const first = (await build(loaded)).result;
  await repo.write("context/more", "more");
  const second = (await build(loaded)).result;
  const latest = async () => (await parent.engine.inspectImage(`${repo.name}-api:latest`))?.tags;
  expect(await latest()).toContain(second.message);
  await repo.write("context/more", "");
  await execute("rm", [`${repo.root}/context/more`]);
  expect((await build(loaded)).result).toMatchObject({ status: "skipped", source: "present", message: first.message });
  expect(await latest()).toContain(first.message);
});

test("latest that cannot be pointed at the image is a failure", async () => {
  await using repo = await createBuildRepo();
  const loaded = await repo.load();
  const { message: tag } = (await build(loaded)).result;
  const { engine } = parent;
  await execute("docker", ["image", "rm", `${repo.name}-api:latest`]);
  // Another removes the image between the look at it and the pointing.
  const removing: Parent = {
    ...parent,
    engine: {
      ...engine,
      tagImage: async (names, signal) => {
        await execute("docker", ["image", "rm", tag]);
        await engine.tagImage(names, signal);
      },
    },
  };
  expect(await buildImages(loaded, removing)).toMatchObject({
    api: { status: "failed", error: { code: "ENGINE_REQUEST_FAILED", details: { status: 404 } } },
  });
});
