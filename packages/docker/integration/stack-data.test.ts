import { execFile } from "node:child_process";
import { cp, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { type ComposeUpOptions, composeDown, composed, composeUp, formatDownStep, planComposeDown } from "@otto/docker";
import { startLab } from "@otto/lab";
import { afterEach, expect, test } from "vitest";
import { createStackChildren, says } from "./stack-children.js";
import { left, nothing, placeStackRepo, processesOf } from "./stack-lab.js";

const execute = promisify(execFile);
const open: AsyncDisposable[] = [];

afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one[Symbol.asyncDispose]();
});

const compose = `services:
  db: { image: "$IMAGE", init: true, command: ["sleep", "infinity"], stop_grace_period: 0s, volumes: ["./pg:/pg", "./conf.d:/conf.d"] }
`;
const files = { "pg/PG_VERSION": "16\n", "pg/seed/start.sql": "1\n", "conf.d/app.conf": "a=1\n", ".env": "TOKEN=1\n" };
/** What a database does to what it gets: it writes, changes, deletes, makes empty directories. */
const work = `mkdir -p /pg/base/1 /pg/notify && echo row >/pg/base/1/table && echo 17 >/pg/PG_VERSION
rm /pg/seed/start.sql; ln -s base/1 /pg/current; echo a=2 >>/conf.d/app.conf`;

async function place(text = compose, more: Record<string, string> = files) {
  const running = await startLab({ hosts: { parent: { authentication: ["password"] } } });
  const placed = await placeStackRepo(running, text, { files: more });
  open.push(placed);
  const { lab, repo, stack } = placed;
  const parent = lab.parentFor(repo);
  const home = (await parent.exec("echo $HOME")).stdout.toString().trim();
  const directory = join(home, ".cache/otto/stacks", stack.project);
  const say = async (command: string) => {
    const { stdout, stderr } = await parent.exec(command);
    return stdout.toString() + stderr.toString();
  };
  return { ...placed, parent, directory, say };
}

/** Kinds, paths and contents below a directory of mounts. */
async function listMounts(directory: string): Promise<string> {
  const script = 'cd "$1" && find pg conf.d -printf "%y %p %l\\n" | sort; find pg conf.d -type f | sort | xargs cat';
  return (await execute("sh", ["-c", script, "sh", directory])).stdout;
}

test("what containers wrote is after a down and an up what docker compose leaves, and each command says where", async () => {
  const { stack, lab, repo, directory, say } = await place();
  const reference = `${stack.root}-reference`;
  await cp(stack.root, reference, { recursive: true });
  open.unshift({ [Symbol.asyncDispose]: () => rm(reference, { recursive: true }) });
  const project = [
    "compose",
    "--project-directory",
    reference,
    "--file",
    join(reference, "compose.yml"),
    "--project-name",
    `${stack.project}-ref`,
  ];
  await execute("docker", [...project, "up", "--detach"]);
  await execute("docker", [...project, "exec", "db", "sh", "-c", work]);
  await execute("docker", [...project, "down", "--timeout", "0"]);
  await execute("docker", [...project, "up", "--detach"]);
  const wanted = await listMounts(reference);
  await execute("docker", [...project, "down", "--timeout", "0"]);

  const { db } = await composeUp(repo, lab);
  await db?.exec(work);
  const kept = { host: "parent", directory, files: 4 };
  expect((await planComposeDown(repo, lab)).slice(-2).map(formatDownStep)).toEqual([
    `remove the staged files in ${directory}`,
    `keep what containers wrote in ${directory} (4 files)`,
  ]);
  const down = await composeDown(repo, lab);
  expect(down).toMatchObject({ status: "success", kept });
  expect(down.message).toContain(`stays in parent:${directory}; \`otto docker down --volumes\` removes it`);
  expect(await left(stack.project)).toEqual(nothing);
  expect(await say(`grep -rl TOKEN=1 ${directory}; ls ${directory}`)).toBe("repo\n");
  expect(await composeDown(repo, lab)).toMatchObject({ status: "skipped", kept });
  await composeUp(repo, lab);
  expect(await listMounts(join(directory, "repo"))).toBe(wanted);
  const steps = (await planComposeDown(repo, lab, { volumes: true })).slice(-2).map(formatDownStep);
  expect(steps.at(-1)).toBe(`remove what containers wrote in ${directory} (4 files)`);
  const all = await composeDown(repo, lab, { volumes: true });
  expect(all).toMatchObject({ status: "success", kept: undefined });
  expect(await readdir(join(directory, ".."))).toEqual([]);
});

const crashing =
  `${compose}  bad: { image: "$IMAGE", command: ["false"], depends_on: { db: { condition: service_healthy } } }
`.replace(
    "stop_grace_period: 0s,",
    'stop_grace_period: 0s, healthcheck: { test: "echo row >/pg/row", interval: 0.2s },',
  );

test("a rollback and the end of a composed stack leave what containers wrote, and say where", async () => {
  const { lab, repo, directory, stack } = await place(crashing);
  const said: string[] = [];
  const onEvent: ComposeUpOptions["onEvent"] = (event) => {
    if (event.type === "compose.warning") said.push(event.message);
  };
  await expect(composeUp(repo, lab, { onEvent })).rejects.toMatchObject({ code: "COMPOSE_SERVICE_FAILED" });
  const words = `stays in parent:${directory}; \`otto docker down --volumes\` removes it`;
  expect(said).toEqual([`what containers wrote (1 file) ${words}`]);
  expect(await left(stack.project)).toEqual(nothing);
  expect(await readFile(join(directory, "repo/pg/row"), "utf8")).toBe("row\n");
  await stack.write("compose.yml", compose);
  await composed(repo, lab, { onEvent }, async ({ hosts }) => {
    expect((await hosts.db?.exec("cat /pg/row; echo 2 >/pg/row2"))?.stdout.toString()).toBe("row\n");
  });
  expect(said.at(-1)).toBe(`what containers wrote (2 files) ${words}`);
  expect(await readFile(join(directory, "repo/pg/row2"), "utf8")).toBe("2\n");
});

test("a composed stack whose user is killed is taken down there, and what containers wrote stays", async () => {
  const { stack, lab, repo, directory, say } = await place();
  const children = createStackChildren(() => ({ root: stack.root, home: join(directory, "../../../..") }));
  const child = children.start("use");
  await says(child, "using");
  await execute("docker", ["exec", `${stack.project}-db-1`, "sh", "-c", work]);
  children.killAll();
  await expect.poll(() => left(stack.project)).toEqual(nothing);
  await expect.poll(() => processesOf(stack.project)).toEqual([]);
  expect(await say(`grep -rl TOKEN=1 ${directory}; cat ${directory}/repo/pg/base/1/table`)).toBe("row\n");
  expect(await composeDown(repo, lab)).toMatchObject({ status: "skipped", kept: { files: 4 } });
});

test("a service with another name, a mount that goes and one that comes back find what was written", async () => {
  const { lab, repo, stack } = await place();
  await (await composeUp(repo, lab)).db?.exec(work);
  await stack.write("compose.yml", compose.replace("  db:", "  database:").replace(', "./conf.d:/conf.d"', ""));
  const { database } = await composeUp(repo, lab);
  expect((await database?.exec("cat /pg/base/1/table /pg/PG_VERSION"))?.stdout.toString()).toBe("row\n17\n");
  await stack.write("compose.yml", compose);
  const said: string[] = [];
  const { db } = await composeUp(repo, lab, {
    onEvent: (event) => {
      if (event.type === "compose.warning") said.push(event.message);
    },
  });
  expect((await db?.exec("cat /pg/base/1/table"))?.stdout.toString()).toBe("row\n");
  expect(said).toEqual([expect.stringContaining("your version replaces what a container wrote: conf.d/app.conf")]);
});

test("two compose entries that share a directory, one of them gone, keep what either wrote", async () => {
  const { lab, repo, stack, directory } = await place();
  await stack.write("other.yml", compose.replace("  db:", "  other:"));
  const settings = await readFile(join(stack.root, ".otto/settings.toml"), "utf8");
  await stack.write(".otto/settings.toml", `${settings}[[docker.composes]]\npath = "other.yml"\n`);
  const two = await stack.open(join(directory, "../../../.."));
  const { other } = await composeUp(two.repo, two.lab);
  await other?.exec("echo other >/pg/other");
  await two.lab[Symbol.asyncDispose]();
  const { db } = await composeUp(repo, lab);
  expect((await db?.exec("cat /pg/other"))?.stdout.toString()).toBe("other\n");
  expect(await composeDown(repo, lab)).toMatchObject({ kept: { files: 1 } });
});

test("a directory that cannot be removed is named with what to type; secrets went first, and the next down goes on", async () => {
  const { lab, repo, directory, say } = await place();
  const { db } = await composeUp(repo, lab);
  await db?.exec("mkdir /pg/own; echo row >/pg/own/row");
  // Not even root may: as on a file system that became read-only.
  await execute("chattr", ["+i", join(directory, "repo/pg/seed")]);
  try {
    const down = await composeDown(repo, lab);
    expect(down).toMatchObject({
      status: "failed",
      error: { code: "STAGING_FAILED", hint: expect.stringContaining(`sudo rm -rf '${directory}'`) },
    });
    expect(down.message).toContain(`removing the staged files in ${directory} on parent: `);
    expect(await say(`grep -rl TOKEN=1 ${directory}; ls ${directory}/..`)).toBe(`${directory.split("/").at(-1)}\n`);
  } finally {
    await execute("chattr", ["-i", join(directory, "repo/pg/seed")]);
  }
  expect(await composeDown(repo, lab)).toMatchObject({ status: "skipped", kept: { files: 1 } });
});
