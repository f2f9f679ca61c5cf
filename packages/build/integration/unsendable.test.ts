import { once } from "node:events";
import { createServer } from "node:net";
import { join } from "node:path";
import { type BuildEvent, type BuildImagesOptions, buildImages } from "@otto/build";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type BuildRepo, createBuildRepo, parent } from "./local-build.js";

let repo: BuildRepo;
const server = createServer();

beforeAll(async () => {
  repo = await createBuildRepo();
  await repo.write("context/used/file", "content");
  await repo.write("context/other/file", "content");
  server.listen(join(repo.root, "context/other/agent.sock"));
  await once(server, "listening");
});
afterAll(async () => {
  server.close();
  await repo[Symbol.asyncDispose]();
  await parent[Symbol.asyncDispose]();
});

async function buildWith(steps: string) {
  await repo.write("context/Dockerfile", `FROM scratch\n${steps}\n`);
  const warnings: string[] = [];
  const onEvent: BuildImagesOptions["onEvent"] = (event: BuildEvent) => {
    if (event.type === "build.warning") warnings.push(`${event.code} ${event.message}`);
  };
  const { api } = await buildImages(await repo.load(), parent, { onEvent });
  return { api, warnings };
}

const leftOut = [expect.stringMatching(/^BUILD_ENTRIES_LEFT_OUT .*"other\/agent\.sock" \(socket\)$/)];

test.each(["COPY used /", "COPY other/f* /"])("a socket that no step names is not looked at: %s", async (step) => {
  expect(await buildWith(step)).toMatchObject({ api: { status: "success" }, warnings: [] });
});

test("where it cannot be known what the steps read, a socket that they do not read is left out with a warning", async () => {
  const steps = "ARG NOTHING\nCOPY used$NOTHING /";
  expect(await buildWith(steps)).toMatchObject({ api: { status: "success" }, warnings: leftOut });
});

test.each(["COPY . /", "COPY other /", "COPY o*/a* /", "ADD other/agent.sock /"])(
  "a build that reads it fails, and says why: %s",
  async (step) => {
    const { api } = await buildWith(step);
    const error = { code: "CONTEXT_ENTRY_UNSUPPORTED", details: { path: "other/agent.sock" } };
    expect(api).toMatchObject({ status: "failed", error });
  },
);
