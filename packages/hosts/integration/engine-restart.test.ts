import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { promisify } from "node:util";
import { createLocalParent, DockerContainerHost } from "@otto/hosts";
import { createBusyboxImage, dockerd, type EngineProgram, startEngine } from "@otto/lab";
import { test } from "vitest";
import { CleanUps } from "./clean-ups.js";

const execute = promisify(execFile);

/** A host in an engine of its own. */
async function startOwn(program: EngineProgram, ...command: readonly string[]) {
  await using cleanUps = new CleanUps();
  const engine = cleanUps.add(await startEngine(program));
  const docker = (...words: string[]) => execute("docker", ["--host", engine.address, ...words]);
  const image = cleanUps.add(await createBusyboxImage(`otto-engine-restart-${randomBytes(4).toString("hex")}:1`));
  await execute("sh", ["-c", `docker save ${image.tag} | docker --host ${engine.address} load`]);
  const labels = ["project=p", "service=api"].flatMap((label) => ["--label", `com.docker.compose.${label}`]);
  await docker("run", "-d", "--init", "--name", "api", "--network", "none", ...labels, image.tag, ...command);
  cleanUps.add({ [Symbol.asyncDispose]: async () => void (await docker("rm", "--force", "api")) });
  const parent = cleanUps.add(
    createLocalParent({
      id: "own",
      docker: { command: ["docker"], stagingRoot: undefined },
      socketPath: engine.socketPath,
      env: process.env,
    }),
  );
  const place = { id: "own.r.api", service: "api", project: "p", replica: 1 };
  const host = cleanUps.add(new DockerContainerHost({ ...place, engine: parent.engine }));
  const owned = cleanUps.move();
  return { engine, docker, host, [Symbol.asyncDispose]: () => owned[Symbol.asyncDispose]() };
}

test.concurrent("a host and what follows its log work on after the engine was restarted", async ({ expect }) => {
  await using own = await startOwn(dockerd, "sh", "-c", "echo begin; exec sleep infinity");
  const { engine, docker, host } = own;
  const lines = host.logs({ follow: true });
  expect((await lines.next()).value?.text).toBe("begin");
  const next = lines.next();
  await host.run("cd /tmp");
  await engine.restart();
  await docker("start", "api");
  expect(await host.exec(["true"])).toMatchObject({ exitCode: 0 });
  expect((await next).value?.text).toBe("begin");
  await lines.return();
});

test.concurrent("commands over a restart of the engine fail by their host's name, also where containers live on", async ({
  expect,
}) => {
  await using own = await startOwn((places) => [...dockerd(places), "--live-restore"], "sleep", "infinity");
  const { engine, docker, host } = own;
  const count = async () =>
    (await docker("top", "api")).stdout.split("\n").filter((line) => / sleep 61$/.test(line)).length;
  const running = Promise.allSettled([
    host.exec("sleep 61; exit 7"),
    host.exec("cat; sleep 61; exit 7", { stdin: "x" }),
    host.run("sleep 61"),
  ]);
  await expect.poll(count).toBe(3);
  await engine.restart();
  expect((await docker("inspect", "--format", "{{.State.Status}}", "api")).stdout).toBe("running\n");
  const lost = {
    code: "ENGINE_STREAM_LOST",
    message: expect.stringMatching(/^running a command in own\.r\.api: [^0-9]*$/) as string,
    hint: expect.stringContaining("engine was restarted") as string,
  };
  expect(await running).toMatchObject([
    { status: "rejected", reason: lost },
    { status: "rejected", reason: lost },
    {
      status: "rejected",
      reason: { code: "HOST_SHELL_LOST", message: expect.stringContaining("own.r.api") as string, cause: lost },
    },
  ]);
});
