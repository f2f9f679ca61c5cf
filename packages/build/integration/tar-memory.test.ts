import { execFile } from "node:child_process";
import { truncate } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, expect, test } from "vitest";
import { createBuildRepo, onlyImage, parent } from "./local-build.js";

const execute = promisify(execFile);
afterAll(() => parent[Symbol.asyncDispose]());

const megabytes = Number(process.env.OTTO_TAR_MB ?? 256);
// Some 111 MB on a quiet machine, for 2 GB too; how much garbage waits to be collected depends on the load.
const peakBytes = 160_000_000;

test(`a context of ${megabytes} MB goes as a tar from a process that holds little of it`, {
  timeout: 600_000,
}, async () => {
  await using repo = await createBuildRepo();
  await repo.write("context/Dockerfile", "FROM scratch\nCOPY Dockerfile /\n");
  await repo.write("context/large", "");
  await truncate(join(repo.root, "context/large"), megabytes * 1_000_000);
  const { context, dockerfile } = onlyImage(await repo.load());
  const tag = `${repo.name}:tar`;
  // A process of its own: this one has the tests in it.
  const script = `
    import { readContext } from "@otto/context";
    import { createLocalParent } from "@otto/hosts";
    import { packContext, packedDockerfileName } from "@otto/staging";
    const parent = createLocalParent({ id: "local", docker: { command: ["docker"] }, env: process.env });
    const context = await readContext(${JSON.stringify({ context, dockerfile })});
    await parent.engine.buildImage(packContext(context), ${JSON.stringify({ tag, labels: { "otto.repo": repo.name } })});
    await parent[Symbol.asyncDispose]();
    console.log(process.resourceUsage().maxRSS);
  `.replace(`"tag"`, `dockerfile: await packedDockerfileName(context), "tag"`);
  const { stdout } = await execute(process.execPath, ["--input-type=module", "--eval", script]);
  expect(await parent.engine.inspectImage(tag)).toBeDefined();
  expect(Number(stdout) * 1024).toBeLessThan(peakBytes);
  expect(Number(stdout)).toBeGreaterThan(0);
});
