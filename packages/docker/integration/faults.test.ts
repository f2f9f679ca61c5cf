import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { type ComposedStack, composed, composeUp, type DockerContainerHost, planComposeUp } from "@otto/docker";
import { startLab } from "@otto/lab";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { createStackChildren, says } from "./stack-children.js";
import { type PlacedRepo, placeStackRepo } from "./stack-lab.js";

const execute = promisify(execFile);
const page = 'command: [sh, -c, "exec httpd -f -p 80 -h /etc"]';
const compose = `services:
  db: { image: "$IMAGE", init: true, ${page}, restart: always }
  web: { image: "$IMAGE", init: true, ${page}, depends_on: [db], networks: { default: { aliases: [www] } } }
  client: { image: "$IMAGE", init: true, command: [sleep, "600"] }
`;
let placed: PlacedRepo;
let home: string;

beforeAll(async () => {
  const running = await startLab({ hosts: { parent: {} }, engineAccess: "group" });
  home = running.directory;
  placed = await placeStackRepo(running, compose);
  await composeUp(placed.repo, placed.lab);
});

afterAll(() => placed[Symbol.asyncDispose]());

/** `db running`, by the engine. */
async function states(): Promise<string[]> {
  const filter = `label=com.docker.compose.project=${placed.stack.project}`;
  const format = '{{.Label "com.docker.compose.service"}} {{.State}}';
  const { stdout } = await execute("docker", ["ps", "--all", "--filter", filter, "--format", format]);
  return stdout.trim().split("\n").toSorted();
}

async function networks(): Promise<string[]> {
  const filter = `label=com.docker.compose.project=${placed.stack.project}`;
  const { stdout } = await execute("docker", ["network", "ls", "--filter", filter, "--format", "{{.Name}}"]);
  return stdout.trim().split("\n");
}

const allRun = ["client running", "db running", "web running"];

async function reaches(client: DockerContainerHost, name: string): Promise<boolean> {
  const { stdout } = await client.exec(`printf 'GET /hostname HTTP/1.0\\r\\n\\r\\n' | nc -w 2 ${name} 80`);
  return stdout.toString().startsWith("HTTP/1.");
}

const use = (body: (stack: ComposedStack) => Promise<void>) => composed(placed.repo, placed.lab, {}, body);
const hostOf = ({ hosts }: ComposedStack, name: string) => hosts[name] as DockerContainerHost;

test("what is stopped, killed or paused on purpose stays so for every up, and runs again at the end of the scope", async () => {
  const other = await placed.stack.open(home);
  onTestFinished(() => other.lab[Symbol.asyncDispose]());
  await use(async (stack) => {
    const [db, web, client] = ["db", "web", "client"].map((name) => hostOf(stack, name)) as [
      DockerContainerHost,
      DockerContainerHost,
      DockerContainerHost,
    ];
    await Promise.all([db.kill(), web.stop({ stopTimeout: 0 }), client.pause()]);
    const broken = ["client paused", "db exited", "web exited"];
    expect(await states()).toEqual(broken);
    await expect(db.pause()).rejects.toMatchObject({ code: "HOST_NOT_RUNNING" });
    const causes = (await planComposeUp(other.repo, other.lab)).map(({ cause }) => cause);
    expect(causes).toEqual(broken.map(() => "it was stopped on purpose"));
    await composeUp(other.repo, other.lab);
    expect(await states()).toEqual(broken);
    await client.unpause();
    await web.start();
    expect(await states()).toEqual(["client running", "db exited", "web running"]);
    const before = await web.exec("echo $$; stat -c %Y /proc/1");
    await web.restart({ stopTimeout: 0 });
    expect((await web.exec("echo $$; stat -c %Y /proc/1")).stdout).not.toEqual(before.stdout);
  });
  expect(await states()).toEqual(allRun);
  // Nothing is left that an up would take for a fault.
  await execute("docker", ["kill", `${placed.stack.project}-web-1`]);
  expect((await planComposeUp(other.repo, other.lab)).find(({ service }) => service === "web")?.do).toBe("start");
  await composeUp(other.repo, other.lab);
});

test("a partition cuts two sides from each other and from nobody else, until it is undone", async () => {
  await use(async (stack) => {
    const client = hostOf(stack, "client");
    const before = await networks();
    expect(await reaches(client, "www")).toBe(true);
    const cut = await stack.partition(["client"], ["web"]);
    expect([await reaches(client, "www"), await reaches(client, "web"), await reaches(client, "db")]).toEqual([
      false,
      false,
      true,
    ]);
    expect(await reaches(hostOf(stack, "web"), "db")).toBe(true);
    await cut[Symbol.asyncDispose]();
    expect([await reaches(client, "www"), await reaches(client, "db"), await networks()]).toEqual([true, true, before]);
    await stack.partition(["client"], ["web"]);
  });
  expect(await networks()).toHaveLength(1);
  await expect(use(async (stack) => void (await stack.partition(["client"], ["nobody"])))).rejects.toMatchObject({
    code: "HOST_FAULT_FAILED",
  });
});

test("after a kill -9 of the process that broke it, the parent has it run again within 10 s", async () => {
  const children = createStackChildren(() => ({ root: placed.stack.root, home }));
  onTestFinished(children.killAll);
  const child = children.start("break");
  await says(child, "broken");
  expect(await states()).toEqual(["client running", "db exited", "web paused"]);
  expect(await networks()).toHaveLength(2);
  child.kill("SIGKILL");
  const state = async () => [await states(), (await networks()).length];
  await expect.poll(state, { timeout: 10_000, interval: 200 }).toEqual([allRun, 1]);
  await use(async (stack) => expect(await reaches(hostOf(stack, "client"), "www")).toBe(true));
});
