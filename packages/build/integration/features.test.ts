import { execFile, spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { appendFileSync } from "node:fs";
import { utimes } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { listImage } from "@otto/lab";
import { afterAll, expect, test } from "vitest";
import { build, createBuildRepo, createShellRepo, layProgram, parent } from "./local-build.js";

const execute = promisify(execFile);
afterAll(() => parent[Symbol.asyncDispose]());

test("args, target and labels reach the build", async () => {
  const settings = `target = "wanted"\nbuild_args = { PORT = 8080 }\nlabels = { team = "red" }\n`;
  await using repo = await createShellRepo("", settings);
  await repo.write(
    "context/Dockerfile",
    "FROM scratch AS wanted\nARG PORT\nLABEL port=$PORT\nCOPY root /\nFROM scratch\nCOPY absent /\n",
  );
  const { result } = await build(await repo.load());
  expect(result).toMatchObject({ status: "success" });
  expect((await parent.engine.inspectImage(result.message))?.labels).toMatchObject({
    port: "8080",
    team: "red",
    "otto.image": "api",
  });
});

test("a failed step is named, with its exit code and its last lines, and nothing is tagged", async () => {
  await using repo = await createShellRepo("RUN for n in $(seq 100); do echo line $n; done; exit 4\n");
  const { result } = await build(await repo.load());
  expect(result).toMatchObject({
    status: "failed",
    error: {
      code: "ENGINE_BUILD_FAILED",
      details: {
        exitCode: 4,
        line: 3,
        step: expect.stringContaining("RUN for n"),
        output: expect.stringContaining("line 51\n"),
      },
    },
  });
  expect(result.message).not.toContain("line 50\n");
  expect(await parent.engine.inspectImage(`${repo.name}-api:latest`)).toBeUndefined();
});

test("a step talks to the ssh-agent", async () => {
  const agent = spawn("ssh-agent", ["-D"], { stdio: ["ignore", "pipe", "inherit"] });
  const [line] = (await once(agent.stdout, "data")) as [Buffer];
  const socket = /SSH_AUTH_SOCK=([^;]+);/.exec(line.toString())?.[1] ?? "";
  // ssh-add exits with 1 when an agent answers and has no key, with 2 when none answers.
  const ask = "RUN --mount=type=ssh ssh-add -l; test $? = 1\n";
  await using repo = await createShellRepo(ask, `ssh = ["default"]\n`);
  await layProgram("/usr/bin/ssh-add", join(repo.root, "context/root"));
  try {
    const { result } = await build(await repo.load(), { env: { SSH_AUTH_SOCK: socket } });
    expect(result).toMatchObject({ status: "success" });
    expect((await build(await repo.load(), { rebuild: true })).result).toMatchObject({
      error: { code: "BUILD_SSH_AGENT_MISSING" },
    });
  } finally {
    agent.kill();
  }
});

test("an abort ends the build on the engine at once, tags nothing, and the next build works", async () => {
  const word = randomBytes(6).toString("hex");
  await using repo = await createShellRepo(`RUN echo be""gun; : ${word}; sleep 600\n`);
  const loaded = await repo.load();
  const controller = new AbortController();
  const building = build(loaded, {
    signal: controller.signal,
    onEvent: (event) => event.type === "build.output" && event.text.includes("begun") && controller.abort(),
  });
  await expect(building).rejects.toMatchObject({ name: "AbortError" });
  const isRunning = async () => (await execute("ps", ["-eo", "args"])).stdout.includes(word);
  // Some 0.1 s, and 0.8 s where eight processes want each core; the step itself would take 600 s.
  await expect.poll(isRunning, { interval: 50 }).toBe(false);
  expect(await parent.engine.inspectImage(`${repo.name}-api:latest`)).toBeUndefined();
  await repo.write("context/Dockerfile", "FROM scratch\nCOPY root /\n");
  expect((await build(loaded)).result.status).toBe("success");
});

test("a file that changed since it was hashed fails the build, naming it", async () => {
  await using repo = await createShellRepo("COPY large /\n");
  await repo.write("context/large", Buffer.alloc(1_000_000, "a"));
  const { result } = await build(await repo.load(), {
    onEvent: (event) => {
      if (event.type === "build.started") appendFileSync(join(repo.root, "context/large"), "more");
    },
  });
  expect(result).toMatchObject({
    status: "failed",
    error: { code: "CONTEXT_FILE_CHANGED", message: expect.stringContaining("large") },
  });
  expect(await parent.engine.inspectImage(`${repo.name}-api:latest`)).toBeUndefined();
});

test("ten images build side by side, and one that fails does not stop the others", async () => {
  const names = Array.from({ length: 9 }, (_, n) => `extra${n}`);
  const more = names
    .map((name) => `[[docker.images]]\nname = "${name}"\ncontext = "context"\ndockerfile = "${name}"\n`)
    .join("");
  await using repo = await createBuildRepo(more);
  for (const name of names)
    await repo.write(name, `FROM scratch\nCOPY ${name === "extra4" ? "absent" : "Dockerfile"} /${name}\n`);
  const statuses: string[] = [];
  await build(await repo.load(), {
    onEvent: (event) => event.type === "build.finished" && statuses.push(`${event.image} ${event.result.status}`),
  });
  const expected = ["api", ...names].map((name) => `${name} ${name === "extra4" ? "failed" : "success"}`);
  expect(statuses.sort()).toEqual(expected.sort());
});

test("files keep their own times where the settings ask for it", async () => {
  await using repo = await createShellRepo("COPY dated /\nRUN stat -c %Y /dated >/seconds\n", `mtime = "preserve"\n`);
  await repo.write("context/dated", "x");
  await utimes(join(repo.root, "context/dated"), 1_000_000_000, 1_000_000_000);
  const { result } = await build(await repo.load());
  const digest = createHash("sha256").update("1000000000\n").digest("hex");
  expect(await listImage(result.message)).toEqual(
    expect.arrayContaining([expect.stringContaining(` seconds  ${digest}`)]),
  );
});
