import { execFile } from "node:child_process";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { composePs, composePsAll } from "@otto/docker";
import { engineSocketPath, startLab } from "@otto/lab";
import { expect, test } from "vitest";
import { placeStackRepo } from "./stack-lab.js";

const execute = promisify(execFile);

test("every parent is asked for its containers, and one that cannot be reached is a row of its own", async () => {
  const running = await startLab({ hosts: { gone: {}, here: {} } });
  await running.hosts.gone.stop();
  await using placed = await placeStackRepo(running, "services: {}");
  const rows = await composePsAll(placed.lab);
  expect(rows).toMatchObject([
    { parent: "gone", error: { code: expect.stringMatching(/^SSH_/) } },
    { parent: "here", containers: expect.any(Array) },
  ]);
});

test("a parent that has fallen silent does not keep the others from answering", async () => {
  const running = await startLab({ hosts: { mute: { proxy: {} }, here: {} } });
  await using placed = await placeStackRepo(running, "services: {}");
  await composePs(placed.lab.parent("mute"));
  running.hosts.mute.proxy?.swallow(true);
  const come: string[] = [];
  const onAnswer = ({ parent }: { readonly parent: string }) => void come.push(parent);
  const answers = await composePsAll(placed.lab, { timeoutMs: 6000, onAnswer });
  expect(answers).toMatchObject([
    { parent: "mute", error: { code: "COMPOSE_PARENT_SILENT" } },
    { parent: "here", containers: expect.any(Array) },
  ]);
  expect(come).toEqual(["here", "mute"]);
  expect(await composePsAll(placed.lab, { on: "here" })).toMatchObject([{ parent: "here" }]);
});

test("the rows of 200 containers come by one call of the engine", async () => {
  const running = await startLab({ hosts: { parent: {} } });
  const socket = join(running.directory, "engine.sock");
  await using engine = await countRequests(socket);
  await using placed = await placeStackRepo(running, "services: {}", { docker: { socket } });
  const { stack, lab, repo } = placed;
  const names = Array.from({ length: 200 }, (_, n) => `${stack.project}-${n}`);
  try {
    await inShell('seq 0 199 | xargs -P 8 -I {} docker create --name "$1-{}" "$2"', [stack.project, stack.image]);
    const rows = await composePs(lab.parentFor(repo), { all: true });
    const own = rows.filter(({ Names }) => Names.startsWith(stack.project));
    expect(own.map(({ Names }) => Names).sort()).toEqual(names.sort());
    expect(engine.requests.filter((line) => line.includes("/containers/"))).toHaveLength(1);
    const printed = await execute("docker", ["ps", "--all", "--filter", `name=${names[0]}$`, "--format", "{{json .}}"]);
    const { Image, State, Status, Command, Ports, Mounts, Networks, Names } = JSON.parse(printed.stdout) as Row;
    expect(own.find((row) => row.Names === names[0])).toMatchObject({
      ...{ Image, State, Status, Command, Ports, Mounts, Networks, Names },
    });
  } finally {
    await inShell('docker ps --all --quiet --filter "name=$1-" | xargs docker rm --force', [stack.project]);
  }
});

type Row = Readonly<Record<string, string>>;

async function inShell(script: string, args: readonly string[]): Promise<void> {
  await execute("sh", ["-c", script, "sh", ...args]);
}

/** A socket in front of the engine's own that notes the first line of each request. */
async function countRequests(path: string): Promise<AsyncDisposable & { readonly requests: string[] }> {
  const requests: string[] = [];
  const server = createServer((client) => {
    const engine = connect(engineSocketPath());
    client.on("data", (chunk: Buffer) => {
      requests.push(...(chunk.toString("latin1").match(/^(GET|HEAD|POST) .*/gm) ?? []));
    });
    client.pipe(engine).pipe(client);
    for (const socket of [client, engine]) socket.on("error", () => {});
  });
  server.listen(path);
  await once(server, "listening");
  return {
    requests,
    async [Symbol.asyncDispose]() {
      server.close();
    },
  };
}
