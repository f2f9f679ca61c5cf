import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { layBusybox, startLab, type Lab as TestLab } from "@otto/lab";
import { afterAll, beforeAll, expect, test } from "vitest";
import { clearEngine } from "./engine-state.js";
import { type Place, runJson, runOtto } from "./otto-process.js";

let machines: TestLab<"parent">;
let home: string;
let place: Place;

beforeAll(async () => {
  machines = await startLab({ hosts: { parent: {} } });
  home = await mkdtemp(join(tmpdir(), "otto-named-"));
  place = { cwd: home, env: { HOME: home } };
  await mkdir(join(home, ".ssh"));
  const { address, port, user } = machines.hosts.parent;
  const text = `Match originalhost never exec "touch ${home}/ran"
  Port 1
Host box web.corp
  HostName ${address}
  Port ${port}
Host *
  User ${user}
  IdentityFile ${machines.privateKeyPath}
  UserKnownHostsFile ${machines.knownHostsPath}
`;
  await writeFile(join(home, ".ssh", "config"), text);
});

afterAll(async () => {
  await machines[Symbol.asyncDispose]();
  await rm(home, { recursive: true, force: true });
});

test("otto host takes an alias of the SSH configuration, and a URL, with no lab and no repository", async () => {
  const { address, port } = machines.hosts.parent;
  for (const host of ["box", `ssh://${address}:${port}`]) {
    const { exitCode, stdout, stderr } = await runOtto(place, ["host", host, "exec", "echo", "here"]);
    expect({ exitCode, stdout, stderr }).toMatchObject({ exitCode: 0, stdout: "here\n" });
  }
});

test("a Compose file and a machine are enough: up, exec and down, with no lab and no settings", async () => {
  const name = `bare${randomBytes(4).toString("hex")}`;
  const app = join(home, name);
  await layBusybox(join(app, "root"));
  await writeFile(join(app, "Dockerfile"), 'FROM scratch\nCOPY root /\nCMD ["sleep", "infinity"]\n');
  await writeFile(join(app, "compose.yaml"), "services:\n  web: { build: ., init: true }\n");
  await mkdir(join(app, "src"));
  const { address, port } = machines.hosts.parent;
  const there = ["--on", `ssh://${address}:${port}`];
  // As `docker compose` finds it: from below, too.
  const inside = { ...place, cwd: join(app, "src"), env: { ...place.env, OTTO_COMPOSE_SUFFIX: "ci" } };
  try {
    expect(await runOtto(inside, ["up", ...there])).toMatchObject({ exitCode: 0 });
    const { lines } = await runJson(inside, ["docker", "ps", "--all-stacks", ...there]);
    expect(lines.map((line) => line.Names)).toContain(`otto-${name}-ci-web-1`);
    expect(await runOtto(inside, ["down", ...there])).toMatchObject({ exitCode: 0 });
  } finally {
    await clearEngine(name);
  }
});

test("otto lab add makes a lab of one's own, which no settings have to name, and says what comes next", async () => {
  const { address, port, user } = machines.hosts.parent;
  const machine = [
    "lab",
    "add",
    `${user}@${address}:${port}`,
    "--name",
    "pepper",
    "--identity",
    machines.privateKeyPath,
  ];
  const planned = await runOtto(place, ["--dry-run", ...machine]);
  expect(planned).toMatchObject({ exitCode: 0, stdout: expect.stringContaining("would write") });
  expect(await readdir(home)).not.toContain(".config");
  const added = await runOtto(place, machine);
  const next = "next: otto doctor pepper --lab lab, then otto up --on pepper --lab lab";
  expect(added).toMatchObject({ exitCode: 0, stderr: expect.stringContaining(next) });
  const there = await runOtto(place, ["--lab", "lab", "host", "pepper", "exec", "echo", "here"]);
  expect(there).toMatchObject({ exitCode: 0, stdout: "here\n" });
  const again = await runOtto(place, machine);
  expect(again).toMatchObject({ exitCode: 2, stderr: expect.stringMatching(/^error\[LAB_HOST_EXISTS\]: /) });
  expect((await runOtto(place, ["--lab", "lab", "lab", "list"])).stdout).toMatch(/^lab +pepper +in use: --lab$/m);
  expect((await runOtto(place, ["lab", "remove", "pepper"])).exitCode).toBe(0);
  expect((await runOtto(place, ["lab", "list"])).stdout).not.toContain("pepper");
});

test("a name that nobody knows says how to give a machine without a lab", async () => {
  const { exitCode, stderr } = await runOtto(place, ["host", "bix", "exec", "true"]);
  expect(exitCode).toBe(255);
  expect(stderr).toContain("Aliases of your SSH configuration: box, web.corp.");
  expect(stderr).toContain("ssh://[user@]host[:port]");
});

test("an alias with a dot, which is taken for a container's id, is an error that says how to give it", async () => {
  const { exitCode, stderr } = await runOtto(place, ["host", "web.corp", "exec", "true"]);
  expect(exitCode).toBe(255);
  expect(stderr).toContain("web.corp is an alias of your SSH configuration: ssh://web.corp");
});

test("completion offers aliases, and runs nothing of the configuration", async () => {
  const config = join(home, ".ssh", "config");
  await writeFile(config, `Match exec "touch ${home}/ran"\n Port 1\nHost box boxes *.corp\n`);
  for (const words of [
    ["docker", "ps", "--all-stacks", "--on", "b"],
    ["host", "b"],
  ]) {
    const { stdout } = await runOtto(place, ["completion", "fish", "--", ...words]);
    expect(stdout).toMatch(/^box\b[\s\S]*^boxes\b/m);
  }
  expect(await readdir(home)).not.toContain("ran");
});
