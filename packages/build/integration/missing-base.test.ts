import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, expect, test } from "vitest";
import { build, createBuildRepo, parent } from "./local-build.js";

const execute = promisify(execFile);
afterAll(() => parent[Symbol.asyncDispose]());

// Nothing listens on port 1.
const absent = "localhost:1/base";

/** The line that `docker build` marks. */
async function findMarkedLine(context: string): Promise<number> {
  const failure = await execute("docker", ["build", context]).catch((error: { stderr: string }) => error);
  return Number(/^ *(\d+) \| >>>/m.exec(failure.stderr)?.[1]);
}

test.concurrent.each([
  ["FROM", `ARG X=1\n# why\nFROM ${absent} AS one\nRUN true\n`, ""],
  ["FROM by a variable", `ARG BASE=${absent}\nFROM scratch AS one\nFROM $BASE:1\nRUN true\n`, ""],
  ["COPY", `FROM scratch\n\nCOPY --from=${absent}:2 /x /x\n`, ""],
  ["the frontend", `# syntax=${absent}:3\nFROM scratch\nCOPY . /\n`, ""],
  [
    "FROM by BuildKit itself",
    `FROM scratch AS one\nFROM ${absent}\nRUN true\n`,
    `additional_contexts = { o = "context" }\n`,
  ],
])("a base image of %s that cannot be had fails at docker's line", async (_, dockerfile, settings) => {
  await using repo = await createBuildRepo(settings);
  await repo.write("context/Dockerfile", dockerfile);
  const { result } = await build(await repo.load());
  const line = await findMarkedLine(join(repo.root, "context"));
  const marked = `${String(line).padStart(4)} | >>> ${dockerfile.split("\n")[line - 1]}\n`;
  expect(result).toMatchObject({
    status: "failed",
    message: expect.stringContaining(marked) as string,
    error: { code: "ENGINE_BUILD_FAILED", details: { line } },
  });
});
