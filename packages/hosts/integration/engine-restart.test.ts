import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { promisify } from "node:util";
import { createLocalParent, DockerContainerHost } from "@otto/hosts";
import { createBusyboxImage, startEngine } from "@otto/lab";
import { expect, test } from "vitest";

const execute = promisify(execFile);

test("a host and what follows its log work on after the engine was restarted", async () => {
  await using engine = await startEngine();
  const docker = (...words: string[]) => execute("docker", ["--host", engine.address, ...words]);
  await using image = await createBusyboxImage(`otto-engine-restart-${randomBytes(4).toString("hex")}:1`);
  await execute("sh", ["-c", `docker save ${image.tag} | docker --host ${engine.address} load`]);
  const labels = ["project=p", "service=api"].flatMap((label) => ["--label", `com.docker.compose.${label}`]);
  const script = "echo begin; exec sleep infinity";
  await docker("run", "-d", "--init", "--name", "api", "--network", "none", ...labels, image.tag, "sh", "-c", script);
  await using parent = createLocalParent({
    id: "own",
    docker: { command: ["docker"], stagingRoot: undefined },
    socketPath: engine.socketPath,
    env: process.env,
  });
  const place = { id: "own.r.api", service: "api", project: "p", replica: 1 };
  await using host = new DockerContainerHost({ ...place, engine: parent.engine });
  const lines = host.logs({ follow: true });
  expect((await lines.next()).value?.text).toBe("begin");
  const next = lines.next();
  await host.run("cd /tmp");
  await engine.restart();
  await docker("start", "api");
  expect(await host.exec(["true"])).toMatchObject({ exitCode: 0 });
  expect((await next).value?.text).toBe("begin");
  await lines.return();
  await docker("rm", "--force", "api");
});
