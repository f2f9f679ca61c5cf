import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { layBusybox, listImage } from "@otto/lab";
import { afterAll, expect, test } from "vitest";
import { type Built, build, createBuildRepo, parent } from "./local-build.js";

afterAll(() => parent[Symbol.asyncDispose]());

const settings = (contexts: string) => `network = "none"\nadditional_contexts = { ${contexts} }\n`;

function tagOf({ result }: Built): string {
  if (result.status === "failed") throw result.error;
  return result.tag;
}

const filesOf = async (built: Built) => {
  const lines = await listImage(tagOf(built));
  return lines.filter((line) => line.startsWith("file ")).map((line) => line.split(" ")[4]);
};

test("files of a named context are copied, what it ignores is not, and one that changes is sent alone", async () => {
  await using repo = await createBuildRepo(settings(`shared = "shared"`));
  await repo.write("context/Dockerfile", "FROM scratch\nCOPY own /\nCOPY --from=shared . /shared/\n");
  await repo.write("context/own", "own");
  await repo.write("shared/.dockerignore", "*.log\n");
  await repo.write("shared/large", randomBytes(200_000));
  await repo.write("shared/small", "first");
  await repo.write("shared/noise.log", "ignored");
  const first = await build(await repo.load());
  expect(await filesOf(first)).toEqual(["own", "shared/large", "shared/small", "shared/.dockerignore"].sort());
  expect((await build(await repo.load())).result.status).toBe("skipped");
  await repo.write("shared/noise.log", "ignored still");
  expect((await build(await repo.load())).result.status).toBe("skipped");
  await repo.write("shared/small", "second");
  const second = await build(await repo.load());
  expect(second.result).toMatchObject({ status: "success" });
  expect(second.sentBytes).toBeLessThan(1000);
  expect(await listImage(tagOf(second))).not.toEqual(await listImage(tagOf(first)));
});

test("a named context stands in for a base image, and args, target, labels and secrets work as without one", async () => {
  await using base = await createBuildRepo();
  await layBusybox(join(base.root, "context"));
  const image = tagOf(await build(await base.load()));
  const more = `build_args = { PORT = 8080 }\ntarget = "wanted"\nlabels = { team = "red" }\nsecrets = [{ id = "token", env = "TOKEN" }]\n`;
  await using repo = await createBuildRepo(settings(`alpine = "docker-image://${image}"`) + more);
  const steps =
    "ARG PORT\nRUN --mount=type=secret,id=token test $(cat /run/secrets/token) = word && echo $PORT >/port\n";
  await repo.write("context/Dockerfile", `FROM alpine AS wanted\n${steps}FROM scratch\nCOPY absent /\n`);
  const built = await build(await repo.load(), { env: { TOKEN: "word" } });
  expect(await filesOf(built)).toContain("port");
  expect((await parent.engine.inspectImage(tagOf(built)))?.labels).toMatchObject({
    team: "red",
    "otto.image": "api",
  });
});

test("a failed step of a build with named contexts is named, with its exit code and its output", async () => {
  await using repo = await createBuildRepo(settings(`tools = "tools"`));
  await layBusybox(join(repo.root, "tools"));
  const word = randomBytes(6).toString("hex");
  await repo.write("context/Dockerfile", `FROM scratch\nCOPY --from=tools . /\nRUN echo ${word} words; exit 4\n`);
  const { result } = await build(await repo.load());
  expect(result).toMatchObject({
    status: "failed",
    error: {
      code: "ENGINE_BUILD_FAILED",
      details: {
        exitCode: 4,
        line: 3,
        step: expect.stringContaining("RUN echo"),
        output: expect.stringContaining(`${word} words\n`),
      },
    },
  });
  expect(await parent.engine.inspectImage(`${repo.name}-api:latest`)).toBeUndefined();
});

test("an abort ends a build with named contexts on the engine, and the next build works", async () => {
  await using repo = await createBuildRepo(settings(`tools = "tools"`));
  await layBusybox(join(repo.root, "tools"));
  const word = randomBytes(6).toString("hex");
  const dockerfile = (step: string) => `FROM scratch\nCOPY --from=tools . /\nRUN ${step}\n`;
  await repo.write("context/Dockerfile", dockerfile(`echo be""gun; : ${word}; sleep 600`));
  const controller = new AbortController();
  const building = build(await repo.load(), {
    signal: controller.signal,
    onEvent: (event) => event.type === "build.output" && event.text.includes("begun") && controller.abort(),
  });
  await expect(building).rejects.toMatchObject({ name: "AbortError" });
  const isRunning = async () => (await parent.exec(["ps", "-eo", "args"])).stdout.includes(word);
  // Some 0.1 s, and 0.8 s where eight processes want each core; the step itself would take 600 s.
  await expect.poll(isRunning, { interval: 50 }).toBe(false);
  await repo.write("context/Dockerfile", dockerfile("true"));
  expect((await build(await repo.load())).result.status).toBe("success");
});
