import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import {
  composeDown,
  composed,
  composeLogs,
  composeStatus,
  composeUp,
  getUserComposeProject,
  type Lab,
  openLab,
  planComposeDown,
  planComposeUp,
} from "@otto/docker";
import { createBusyboxImage } from "@otto/lab";
import { afterEach, beforeEach, expect, test } from "vitest";
import { left, nothing, recordEvents } from "./stack-lab.js";

const execute = promisify(execFile);
const serve = 'command: ["sh", "-c", "mkdir /www; hostname >/www/name; echo ready; exec httpd -f -h /www"]';

let root: string;
let image: Awaited<ReturnType<typeof createBusyboxImage>>;
let lab: Lab;
let project: string;

beforeEach(async () => {
  const bench = `bench${randomBytes(4).toString("hex")}`;
  project = getUserComposeProject(bench, "ci");
  root = await mkdtemp(join(tmpdir(), "otto-shared-"));
  image = await createBusyboxImage(`${bench}:1`);
  const repos = {
    shop: `services: { web: { image: "${image.tag}", init: true, hostname: web, ${serve}, volumes: ["./page:/page:ro"] } }\n`,
    store: `services: { db: { image: "${image.tag}", init: true, hostname: db, ${serve} } }\n`,
  };
  for (const [name, compose] of Object.entries(repos)) {
    const directory = join(root, name);
    await mkdir(join(directory, ".otto"), { recursive: true });
    await mkdir(join(directory, "page"));
    await writeFile(join(directory, "page/name"), name);
    await writeFile(join(directory, "compose.yml"), compose);
    await writeFile(
      join(directory, ".otto/settings.toml"),
      `name = "${name}"\nversion = "1"\n[docker]\nproject = "${bench}"\n[[docker.composes]]\npath = "compose.yml"\n`,
    );
  }
  lab = await open();
});

afterEach(async () => {
  await composeDown(lab.repo("shop"), lab);
  await lab[Symbol.asyncDispose]();
  await image[Symbol.asyncDispose]();
  await rm(root, { recursive: true });
});

function open(): Promise<Lab> {
  const dirs = ["shop", "store"].map((name) => join(root, name)).join(":");
  const env = { ...process.env, OTTO_COMPOSE_SUFFIX: "ci", OTTO_SUT_DIRS: dirs, OTTO_LAB: undefined };
  return openLab({ cwd: root, env, home: root });
}

const containers = async () =>
  (await left(project)).containers.map((line) => line.replace(`${project}-`, "")).toSorted();

test("services of two repos are one project on one network, and one down takes all of it", async () => {
  const [shop, store] = [lab.repo("shop"), lab.repo("store")];
  const { web } = await composeUp(shop, lab);
  const events = await recordEvents(project, () => composeUp(store, lab));
  expect(events.filter((event) => event.startsWith("web"))).toEqual([]);
  expect(await containers()).toEqual(["db-1 running", "web-1 running"]);
  expect((await left(project)).networks).toHaveLength(1);
  expect((await web?.exec(["wget", "-qO-", "http://db/name"]))?.stdout.toString()).toBe("db\n");
  expect(web?.id).toBe("local.shop.web");
  expect((await planComposeUp(shop, lab)).map(({ do: action, service }) => `${service} ${action}`)).toEqual([
    "web leave",
  ]);
  expect((await composeStatus(store, lab)).services.map(({ service, host }) => `${service} ${host}`)).toEqual([
    "db local.store.db",
  ]);
  const lines: string[] = [];
  for await (const { service, text } of composeLogs(shop, lab)) lines.push(`${service} ${text}`);
  expect(lines).toEqual(["web ready"]);
  expect((await planComposeDown(store, lab)).filter(({ kind }) => kind === "container")).toHaveLength(2);
  expect(await composeDown(store, lab)).toMatchObject({ status: "success" });
  expect(await left(project)).toEqual(nothing);
  expect(await planComposeDown(shop, lab)).toEqual([]);
});

test("what one repo no longer declares goes, and what the other has stays", async () => {
  const [shop, store] = [lab.repo("shop"), lab.repo("store")];
  await composeUp(shop, lab);
  await composeUp(store, lab);
  await writeFile(join(root, "store/compose.yml"), `services: { cache: { image: "${image.tag}", init: true } }\n`);
  await composeUp(store, lab);
  expect(await containers()).toEqual(["cache-1 running", "web-1 running"]);
});

test("a use of one repo's services ends with them alone", async () => {
  const [shop, store] = [lab.repo("shop"), lab.repo("store")];
  await composeUp(shop, lab);
  await composed(store, lab, {}, async () => {
    expect(await containers()).toEqual(["db-1 running", "web-1 running"]);
  });
  expect(await containers()).toEqual(["web-1 running"]);
});

test("a first up that fails takes its own services away", async () => {
  const [shop, store] = [lab.repo("shop"), lab.repo("store")];
  await composeUp(shop, lab);
  await writeFile(join(root, "store/compose.yml"), `services: { db: { image: "${image.tag}", command: ["false"] } }\n`);
  await expect(composeUp(store, lab)).rejects.toMatchObject({ code: "COMPOSE_SERVICE_FAILED" });
  expect(await containers()).toEqual(["web-1 running"]);
});

test("a service that both declare is an error that names both, before anything is done", async () => {
  const [shop, store] = [lab.repo("shop"), lab.repo("store")];
  await composeUp(shop, lab);
  await writeFile(join(root, "store/compose.yml"), `services: { web: { image: "${image.tag}", init: true } }\n`);
  const error = { code: "COMPOSE_SERVICE_TAKEN", details: { service: "web", repos: ["shop", "store"] } };
  const events = await recordEvents(project, () => expect(composeUp(store, lab)).rejects.toMatchObject(error));
  expect(events).toEqual([]);
  await expect(planComposeUp(store, lab)).rejects.toMatchObject(error);
});

test("when the process that uses one repo's services is killed, the other's stay", async () => {
  await composeUp(lab.repo("shop"), lab);
  const program = `import { composed, openLab } from "@otto/docker";
    const lab = await openLab({ cwd: ${JSON.stringify(root)}, home: ${JSON.stringify(root)} });
    await composed(lab.repo("store"), lab);
    process.kill(process.pid, "SIGKILL");`;
  const dirs = ["shop", "store"].map((name) => join(root, name)).join(":");
  const env = { ...process.env, OTTO_COMPOSE_SUFFIX: "ci", OTTO_SUT_DIRS: dirs };
  const killed = execute(process.execPath, ["--input-type=module", "--eval", program], {
    env,
    cwd: import.meta.dirname,
  });
  await expect(killed).rejects.toMatchObject({ signal: "SIGKILL" });
  await expect.poll(containers, { timeout: 30_000 }).toEqual(["web-1 running"]);
});
