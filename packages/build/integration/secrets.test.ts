import { execFile, execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { buildImages, formatBuildStep, planBuild } from "@otto/build";
import { afterAll, expect, test } from "vitest";
import { build, createShellRepo, parent } from "./local-build.js";
import { type OwnEngine, startOwnEngine } from "./own-engine.js";

const execute = promisify(execFile);
afterAll(() => parent[Symbol.asyncDispose]());

const settings = `secrets = [{ id = "token", env = "TOKEN" }]\nnetwork = "host"\n`;
const randomWord = (kind: string) => `${kind}-${randomBytes(12).toString("hex")}`;
const useSecret = (command: string) => `RUN --mount=type=secret,id=token : ${randomWord("step")}; ${command}\n`;

/** The files of an engine that hold `word`. */
async function filesWith(word: string, { dataRoot }: OwnEngine): Promise<string[]> {
  const search = 'grep -rlF -e "$1" "$2"; test $? -le 1';
  const { stdout } = await execute("sh", ["-c", search, "sh", word, dataRoot]);
  return stdout.split("\n").filter((path) => path !== "");
}

test("a secret reaches its step and appears nowhere on the parent, nor in what is told", async () => {
  const [canary, plain] = [randomWord("canary"), randomWord("plain")];
  // With nothing but this build in it, so that all of it can be read.
  await using engine = await startOwnEngine();
  const step = useSecret(`test $(wc -c </run/secrets/token) = ${canary.length}`);
  await using repo = await createShellRepo(`COPY plain /\n${step}`, settings);
  await repo.write("context/plain", plain);
  const loaded = await repo.load();
  const told: string[] = [];
  const { api } = await buildImages(loaded, engine.parent, {
    env: { TOKEN: canary },
    onEvent: (event) => told.push(JSON.stringify(event), execFileSync("ps", ["-eo", "args"]).toString()),
  });
  expect(api).toMatchObject({ status: "success" });
  told.push((await planBuild(loaded, engine.parent)).map(formatBuildStep).join());
  for (const command of [
    ["history", "--no-trunc"],
    ["image", "inspect"],
  ]) {
    told.push((await execute("docker", ["--host", engine.address, ...command, api?.message ?? ""])).stdout);
  }
  expect(told.join()).not.toContain(canary);
  await engine.stop();
  expect(await filesWith(plain, engine)).not.toEqual([]);
  expect(await filesWith(canary, engine)).toEqual([]);
});

test("a secret that its step prints is redacted in the output, the events and the error", async () => {
  const canary = randomWord("canary");
  await using repo = await createShellRepo(useSecret("cat /run/secrets/token; exit 1"), settings);
  const events: string[] = [];
  const { result, output } = await build(await repo.load(), {
    env: { TOKEN: canary },
    onEvent: (event) => events.push(JSON.stringify(event)),
  });
  expect(output).toContain("[redacted]");
  expect([...events, JSON.stringify(result)].join()).not.toContain(canary);
});

test("a secret of fewer than 4 characters is in the output as it is, and a warning names it", async () => {
  await using repo = await createShellRepo(useSecret("cat /run/secrets/token; exit 1"), settings);
  const warnings: unknown[] = [];
  const { output } = await build(await repo.load(), {
    env: { TOKEN: "1" },
    onEvent: (event) => event.type === "build.warning" && warnings.push(event),
  });
  expect(output).not.toContain("[redacted]");
  expect(warnings).toEqual([
    expect.objectContaining({ code: "BUILD_SECRET_SHORT", message: expect.stringContaining(": token") as string }),
  ]);
});

test("another value of a secret is no reason to build, and a missing one is an error before anything is sent", async () => {
  await using repo = await createShellRepo("", settings);
  const loaded = await repo.load();
  expect((await build(loaded)).result).toMatchObject({ status: "failed", error: { code: "BUILD_SECRET_MISSING" } });
  expect((await build(loaded, { env: { TOKEN: "a" } })).result.status).toBe("success");
  expect((await build(loaded, { env: { TOKEN: "b" } })).result.status).toBe("skipped");
});

test("commands print the secrets of a call, each once, and one that fails ends it before anything is sent", async () => {
  await using repo = await createShellRepo(useSecret("test $(cat /run/secrets/token) = pw"));
  const image = (name: string, command: string) => `[[docker.images]]
name = "${name}"
context = "context"
dockerfile = "context/Dockerfile"
network = "host"
build_args = { NAME = "${name}" }
secrets = [{ id = "token", command = ["sh", "-c", "${command}"] }]
`;
  const head = `name = "${repo.name}"\nversion = "1"\n`;
  const print = "echo run >>runs; echo pw";
  const events: string[] = [];
  const call = async (images: string) => {
    await repo.write(".otto/settings.toml", `${head}${images}`);
    return buildImages(await repo.load(), parent, {
      env: process.env,
      onEvent: ({ type }) => events.push(type),
    });
  };
  const failing = call(`${image("api", print)}${image("web", "echo sealed >&2; exit 3")}`);
  await expect(failing).rejects.toMatchObject({
    code: "BUILD_SECRET_MISSING",
    message: `building web: the secret token: 'sh' '-c' 'echo sealed >&2; exit 3': exit code 3: sealed`,
  });
  expect(events).toEqual([]);
  await repo.write("runs", "");
  const built = await call(`${image("api", print)}${image("web", print)}`);
  expect(Object.values(built).map(({ status }) => status)).toEqual(["success", "success"]);
  const again = await call(`${image("api", print)}${image("web", print)}`);
  expect(Object.values(again).map(({ status }) => status)).toEqual(["skipped", "skipped"]);
  expect(await readFile(`${repo.root}/runs`, "utf8")).toBe("run\n");
});
