import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { composeUp, planComposeUp } from "@otto/docker";
import { engineEnvironment, type Lab as RunningLab, startLab, usualServer } from "@otto/lab";
import { afterEach, expect, test } from "vitest";
import { left, placeStackRepo, untilEnded } from "./stack-lab.js";

const execute = promisify(execFile);
/** More for a longer run: OTTO_SERVICES=60. */
const many = Number(process.env.OTTO_SERVICES ?? 30);
const open: AsyncDisposable[] = [];

afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one[Symbol.asyncDispose]();
});

async function place(running: RunningLab, count: number) {
  const services = Array.from({ length: count }, (_, n) => `  s${n}: { image: "$IMAGE", init: true }`);
  const placed = await placeStackRepo(running, `services:\n${services.join("\n")}\n`);
  open.push(placed);
  return placed;
}

const limits = [
  ["a stock sshd", usualServer],
  ["MaxSessions 1", { maxSessions: 1 }],
  ["MaxSessions 1 and no forwarding", { maxSessions: 1, allowTcpForwarding: false, allowStreamLocalForwarding: false }],
] as const;

test.each(limits.flatMap(([name, options]) => [1, many].map((count) => [count, name, options] as const)))(
  "%i services come up by one command and one connection to each host, with %s behind two hops",
  async (count, _, options) => {
    const running = await startLab({
      hosts: { outer: {}, inner: { hop: "outer" }, parent: { hop: "inner", ...options } },
    });
    const { stack, lab, repo } = await place(running, count);
    expect(Object.keys(await composeUp(repo, lab))).toHaveLength(count);
    const log = await running.hosts.parent.readLog();
    expect(log.match(/Starting session: command/g)).toHaveLength(1);
    const { outer, inner, parent } = running.hosts;
    const handshakes = await Promise.all([outer, inner, parent].map((host) => host.handshakes()));
    expect(handshakes).toEqual([1, 1, 1]);
    await execute("docker", ["kill", `${stack.project}-s0-1`]);
    await untilEnded(`${stack.project}-s0-1`);
    await composeUp(repo, lab);
    const containers = Array.from({ length: count }, (_none, n) => `${stack.project}-s${n}-1 running`);
    expect((await left(stack.project)).containers.sort()).toEqual(containers.sort());
    expect(new Set((await planComposeUp(repo, lab)).map((step) => step.do))).toEqual(new Set(["leave"]));
  },
  240_000,
);

test("docker compose itself, over DOCKER_HOST=ssh://, does not bring so many up", async () => {
  const running = await startLab({
    hosts: { parent: { environment: engineEnvironment() } },
    engineAccess: "group",
  });
  const { stack } = await place(running, many);
  const { port, user, privateKeyPath } = running.hosts.parent;
  const ssh = `exec /usr/bin/ssh -i ${privateKeyPath} -o UserKnownHostsFile=${running.knownHostsPath} "$@"`;
  await writeFile(join(running.directory, "ssh"), `#!/bin/sh\n${ssh}\n`, { mode: 0o755 });
  const env = {
    ...process.env,
    PATH: `${running.directory}:${process.env.PATH}`,
    DOCKER_HOST: `ssh://${user}@127.0.0.1:${port}`,
  };
  const argv = ["compose", "--project-name", stack.project, "--project-directory", stack.root, "up", "--detach"];
  await expect(execute("docker", argv, { env })).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringMatching(
      /Connection (reset|closed) by|kex_exchange_identification|error during connect.*broken pipe/,
    ),
  });
});
