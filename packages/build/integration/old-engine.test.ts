import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { buildImages } from "@otto/build";
import { readContext } from "@otto/context";
import { layBusybox, oldDockerd } from "@otto/lab";
import { packContext, packedDockerfileName } from "@otto/staging";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createBuildRepo, onlyImage } from "./local-build.js";
import { type OwnEngine, startOwnEngine } from "./own-engine.js";

let engine: OwnEngine;

beforeAll(async () => {
  engine = await startOwnEngine(oldDockerd);
});

afterAll(() => engine[Symbol.asyncDispose]());

async function createShellRepo(step: string) {
  const repo = await createBuildRepo(`network = "host"\n`);
  await layBusybox(join(repo.root, "context/root"));
  await repo.write("context/Dockerfile", `FROM scratch\nCOPY root /\nCOPY data /\n${step}`);
  await repo.write("context/data", randomBytes(100_000));
  return repo;
}

test("Docker 20.10 is the engine under test", async () => {
  expect(await engine.parent.engine.version()).toMatchObject({
    version: expect.stringMatching(/^20\.10\./),
    hasBuildKit: true,
  });
});

test("it builds by session, skips, and is sent only what changed", async () => {
  await using repo = await createShellRepo("RUN sha256sum data >/sum\n");
  const loaded = await repo.load();
  let sentBytes = 0;
  const onEvent = (event: { type: string; bytes?: number }) => {
    if (event.type === "build.sent") sentBytes = event.bytes ?? 0;
  };
  expect(await buildImages(loaded, engine.parent, { onEvent })).toMatchObject({ api: { status: "success" } });
  expect(sentBytes).toBeGreaterThan(1_000_000);
  expect(await buildImages(loaded, engine.parent)).toMatchObject({ api: { status: "skipped" } });
  await repo.write("context/data", randomBytes(50_000));
  expect(await buildImages(loaded, engine.parent, { onEvent })).toMatchObject({ api: { status: "success" } });
  expect(sentBytes).toBeLessThan(51_000);
});

test("it builds from a tar", async () => {
  await using repo = await createShellRepo("");
  const { context: directory, dockerfile } = onlyImage(await repo.load());
  const context = await readContext({ context: directory, dockerfile });
  const tag = `${repo.name}:tar`;
  await engine.parent.engine.buildImage(packContext(context), { tag, dockerfile: await packedDockerfileName(context) });
  expect(await engine.parent.engine.inspectImage(tag)).toBeDefined();
});

test("an engine that is restarted during a build is a clear error, and the next build works", async () => {
  await using repo = await createShellRepo('RUN echo be""gun; sleep 60\n');
  const loaded = await repo.load();
  let restarted: Promise<void> | undefined;
  const results = await buildImages(loaded, engine.parent, {
    onEvent: (event) => {
      if (event.type === "build.output" && event.text.includes("begun")) restarted ??= engine.restart();
    },
  });
  expect(results).toMatchObject({ api: { status: "failed", error: { code: expect.stringMatching(/^ENGINE_/) } } });
  await restarted;
  await repo.write("context/Dockerfile", "FROM scratch\nCOPY root /\n");
  expect(await buildImages(loaded, engine.parent)).toMatchObject({ api: { status: "success" } });
});
