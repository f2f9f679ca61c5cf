import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { composeDown, composePsAll, composeUp, type Lab, type Repo } from "@otto/docker";
import { type Lab as RunningLab, startLab } from "@otto/lab";
import { afterEach, expect, test } from "vitest";
import { createStackRepo, left, nothing, type StackRepo } from "./stack-lab.js";

/** More for a longer run: OTTO_SERVICES=60. */
const many = Number(process.env.OTTO_SERVICES ?? 30);
const open: AsyncDisposable[] = [];

afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one[Symbol.asyncDispose]();
});

interface Place {
  readonly stack: StackRepo;
  readonly lab: Lab;
  readonly repo: Repo;
}

async function place(
  running: RunningLab,
  compose: string,
  docker = {},
  files: Record<string, string> = {},
): Promise<Place> {
  open.push(running);
  const stack = await createStackRepo(compose, running, docker);
  open.push(stack);
  for (const [path, content] of Object.entries(files)) await stack.write(path, content);
  const { lab, repo } = await stack.open(running.directory);
  open.push(lab, { [Symbol.asyncDispose]: async () => void (await composeDown(repo, lab)) });
  return { stack, lab, repo };
}

const limits = [
  ["a stock sshd", {}],
  ["MaxSessions 1", { maxSessions: 1 }],
  ["MaxSessions 1 and no forwarding", { maxSessions: 1, allowTcpForwarding: false, allowStreamLocalForwarding: false }],
] as const;

test.each(limits.flatMap(([name, options]) => [1, many].map((count) => [count, name, options] as const)))(
  "%i services come up by one command and one connection to each host, with %s",
  async (count, _, options) => {
    const running = await startLab({ hosts: { bastion: {}, parent: { hop: "bastion", ...options } } });
    const services = Array.from({ length: count }, (_, n) => `  s${n}: { image: "$IMAGE", init: true }`);
    const { lab, repo } = await place(running, `services:\n${services.join("\n")}\n`);
    expect(Object.keys(await composeUp(repo, lab))).toHaveLength(count);
    const log = await running.hosts.parent.readLog();
    expect(log.match(/Starting session: command/g)).toHaveLength(1);
    expect([await running.hosts.bastion.handshakes(), await running.hosts.parent.handshakes()]).toEqual([1, 1]);
  },
);

const variables = `services:
  a: { image: "$IMAGE", init: true, environment: ["SAID=\${SAID}", "PARENT=\${USER:-none}"] }
`;
const odd = `it's "odd" $5 \\n \\\\ ü`;

test.each<[string, (directory: string) => Promise<string[]>]>([
  ["docker.command hands no variables on", async () => ["env", "-i", "PATH=/usr/bin:/bin", "docker"]],
  [
    "compose is no plugin but a program of its own",
    async (directory) => [await layBinary(directory, "exec /usr/libexec/docker/cli-plugins/docker-compose")],
  ],
])("variables of any text arrive where %s", async (_, command) => {
  process.env.SAID = odd;
  const running = await startLab({ hosts: { parent: {} } });
  const { lab, repo } = await place(running, variables, { command: await command(running.directory) });
  const { a } = await composeUp(repo, lab);
  expect((await a?.exec('printf %s "$SAID $PARENT"'))?.stdout.toString()).toBe(`${odd} ${process.env.USER ?? "none"}`);
  delete process.env.SAID;
});

test("docker-compose of version 1 is refused with a hint", async () => {
  const running = await startLab({ hosts: { parent: {} } });
  const command = [await layBinary(running.directory, "echo 1.29.2 #")];
  const { lab, repo } = await place(running, variables, { command });
  await expect(composeUp(repo, lab)).rejects.toMatchObject({
    code: "COMPOSE_MISSING",
    message: expect.stringContaining("1.29.2 is too old"),
    hint: expect.stringContaining("Docker Compose 2"),
  });
});

/** A docker without the compose plugin, and a docker-compose beside it. */
async function layBinary(directory: string, compose: string): Promise<string> {
  const bin = join(directory, "bin");
  await mkdir(bin);
  await writeFile(join(bin, "docker"), '#!/bin/sh\n[ "$1" != compose ] || exit 1\nexec docker "$@"\n');
  await writeFile(join(bin, "docker-compose"), `#!/bin/sh\n${compose} "$@"\n`);
  for (const name of ["docker", "docker-compose"]) await chmod(join(bin, name), 0o755);
  return join(bin, "docker");
}

test("files that a container's root owns block neither up nor down of a login without root", async () => {
  const running = await startLab({ hosts: { parent: { authentication: ["password"] } } });
  const compose = `services:
  a: { image: "$IMAGE", init: true, volumes: ["./data:/data"] }
`;
  const { stack, lab, repo } = await place(running, compose, {}, { "data/sub/shipped": "1\n" });
  const { a } = await composeUp(repo, lab);
  await a?.exec("mkdir -p /data/own/deep; echo x > /data/own/deep/file; chown -R 0:0 /data; chmod 700 /data /data/own");
  await stack.write("data/sub/shipped", "2\n");
  const again = await composeUp(repo, lab);
  const seen = await again.a?.exec("cat /data/sub/shipped /data/own/deep/file");
  expect(seen?.stdout.toString()).toBe("2\nx\n");
  expect(await composeDown(repo, lab)).toMatchObject({ status: "success" });
  expect(await left(stack.project)).toEqual(nothing);
  const parent = lab.parentFor(repo);
  const trees = await parent.exec("ls -A ~/.cache/otto/stacks");
  expect(trees.stdout.toString()).toBe("");
});

test("every parent is asked for its containers, and one that cannot be reached is a row of its own", async () => {
  const running = await startLab({ hosts: { here: {}, gone: {} } });
  await running.hosts.gone.stop();
  open.push(running);
  const stack = await createStackRepo("services: {}", running);
  open.push(stack);
  const { lab } = await stack.open(running.directory);
  open.push(lab);
  const rows = await composePsAll(lab);
  expect(rows).toMatchObject([
    { parent: "here", containers: expect.any(Array) },
    { parent: "gone", error: { code: expect.stringMatching(/^SSH_/) } },
  ]);
});
