import {
  type ComposeUpOptions,
  composeAct,
  composeDown,
  composed,
  composeLogs,
  composeStatus,
  composeUp,
  declareStacks,
  getContainerHost,
  planComposeDown,
  planComposeUp,
} from "@otto/docker";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { createParentsRepo, leftOn, type Parents, type ParentsRepo, runningOn, startParents } from "./parents-lab.js";
import { createStackChildren, says } from "./stack-children.js";

const settings = `
[[docker.images]]
name = "job"
dockerfile = "job/Dockerfile"
context = "job"
[[docker.images]]
name = "tool"
dockerfile = "job/Dockerfile"
context = "job"
build_args = { A = "tool" }
[[docker.composes]]
path = "db.yml"
role = "db"
[[docker.composes]]
path = "web.yml"
name = "front"
role = "edge"
spread = true
[[docker.composes]]
path = "worker.yml"
role = "worker"
`;
const nothing = { a: [], b: [], c: [] };

let parents: Parents;
let own: ParentsRepo;
let project: string;
const { start, killAll } = createStackChildren(() => ({ root: own.stack.root, home: own.home }));

const nodeWarnings: string[] = [];
const noteWarning = ({ message }: Error) => nodeWarnings.push(message);

beforeAll(async () => {
  process.on("warning", noteWarning);
  parents = await startParents();
});
afterAll(async () => {
  await parents[Symbol.asyncDispose]();
  process.off("warning", noteWarning);
});

beforeEach(async () => {
  own = await createParentsRepo(parents, {
    settings,
    files: {
      "job/Dockerfile": 'FROM $IMAGE\nARG A=job\nRUN echo "$A" >/job\n',
      "db.yml": `services:
  db: { image: "$IMAGE", init: true, command: ["sh", "-c", "echo db is up; exec sleep 9999"] }
  cache: { image: "$IMAGE", init: true }
`,
      "web.yml": `services:
  web: { image: "$IMAGE", init: true, command: ["sh", "-c", "echo web is up; exec sleep 9999"] }
  metrics: { image: "$IMAGE", init: true }
`,
      "worker.yml": "",
    },
  });
  const { stack, repo } = own;
  await stack.write(
    "worker.yml",
    `services: { worker: { image: "${repo.name}-job", init: true, command: [sleep, "9999"] } }\n`,
  );
  project = stack.project;
});

afterEach(async () => {
  killAll();
  await composeDown(own.repo, own.lab);
  await own[Symbol.asyncDispose]();
});

test("five services come up where their roles are, are found by id, and go again", async () => {
  const { repo, lab } = own;
  const events: string[] = [];
  const hosts = await composeUp(repo, lab, {
    onEvent: (event) => {
      if (event.type === "compose.ready") events.push(`${event.parent} ${event.services}`);
    },
  });
  expect(await runningOn(parents, project)).toEqual({
    a: ["cache", "db"],
    b: ["metrics", "web"],
    c: ["metrics", "web", "worker"],
  });
  expect(events.toSorted()).toEqual(["a 2", "b 2", "c 3"]);
  const ids = Object.values(hosts).map(({ id }) => id);
  expect(ids.toSorted()).toEqual(
    ["a", "a", "b", "b", "c"].map((parent, index) => {
      return `${parent}.${repo.name}.${["cache", "db", "metrics", "web", "worker"][index]}`;
    }),
  );
  expect((await getContainerHost(`c.${repo.name}.web`, lab).exec(["hostname"])).exitCode).toBe(0);
  expect(() => getContainerHost("web", lab)).toThrow(expect.objectContaining({ code: "HOST_AMBIGUOUS" }));
  expect(await planComposeUp(repo, lab)).toEqual(
    ["a", "a", "b", "b", "c", "c", "c"].map((parent) => expect.objectContaining({ parent, do: "leave" })),
  );
  const { services } = await composeStatus(repo, lab);
  expect(services.map(({ parent, service, state }) => `${parent} ${service} ${state}`)).toEqual([
    ...["a cache running", "a db running", "b metrics running", "b web running"],
    ...["c metrics running", "c web running", "c worker running"],
  ]);
  const lines: string[] = [];
  for await (const { parent, service, text } of composeLogs(repo, lab)) lines.push(`${parent} ${service}: ${text}`);
  expect(lines.toSorted()).toEqual(["a db: db is up", "b web: web is up", "c web: web is up"]);
  const changes = await composeAct(repo, lab, "stop", { services: ["web"], stopTimeout: 0 });
  expect(changes.map(({ host }) => host)).toEqual([`b.${repo.name}.web`, `c.${repo.name}.web`]);
  const going = await planComposeDown(repo, lab);
  expect(going.filter(({ kind }) => kind === "network").map(({ parent }) => parent)).toEqual(["a", "b", "c"]);
  expect(await composeDown(repo, lab)).toMatchObject({
    status: "success",
    parents: ["a", "b", "c"].map((parent) => ({ parent, status: "success" })),
  });
  expect(await leftOn(parents, project)).toEqual(nothing);
});

test("an image is built where a service is started from it, and one that none uses on the first parent", async () => {
  const { repo, lab } = own;
  await composeUp(repo, lab);
  const images = async (name: keyof Parents["hosts"]) => {
    const out = await parents.hosts[name].runDocker(["image", "ls", "--format", "{{.Repository}}:{{.Tag}}"]);
    return out.split("\n").filter((line) => line.startsWith(`${repo.name}-`) && line.endsWith(":latest"));
  };
  expect(await images("a")).toEqual([`${repo.name}-tool:latest`]);
  expect(await images("b")).toEqual([]);
  expect(await images("c")).toEqual([`${repo.name}-job:latest`]);
});

test("services of one parent leave the others alone, and one that none has is refused with those of all", async () => {
  const { repo, lab } = own;
  await expect(composeUp(repo, lab, { services: ["dbb"] })).rejects.toMatchObject({
    code: "COMPOSE_UNKNOWN_SERVICE",
    hint: expect.stringContaining("worker"),
  });
  await composeUp(repo, lab, { services: ["cache"] });
  expect(await runningOn(parents, project)).toEqual({ ...nothing, a: ["cache"] });
});

test("a parent that is down stops no other, and the error names it", async () => {
  const { repo, lab } = own;
  await parents.hosts.b.stop();
  try {
    const failed = [{ parent: "b", code: "SSH_CONNECT_FAILED", message: expect.stringContaining("b") }];
    await expect(composeUp(repo, lab)).rejects.toMatchObject({ code: "SSH_CONNECT_FAILED", details: { failed } });
    const answers: string[] = [];
    const asking = composeStatus(repo, lab, {
      onAnswer: ({ parent, services }) => answers.push(`${parent} ${services.length}`),
    });
    await expect(asking).rejects.toMatchObject({ details: { failed } });
    expect(answers.toSorted()).toEqual(["a 2", "c 3"]);
    expect(await composeDown(repo, lab)).toMatchObject({
      status: "failed",
      parents: [{ status: "success" }, { parent: "b", status: "failed" }, { status: "success" }],
    });
  } finally {
    await parents.hosts.b.start();
  }
  expect(await leftOn(parents, project)).toEqual(nothing);
});

test("composed on several parents: all or none, and down at the end on each", async () => {
  const { repo, lab, stack } = own;
  await composed(repo, lab, { services: ["db", "web"] }, async ({ hosts }) => {
    expect((await hosts.web.exec(["true"])).exitCode).toBe(0);
    expect(Object.keys(await runningOn(parents, project))).toEqual(["a", "b", "c"]);
  });
  expect(await leftOn(parents, project)).toEqual(nothing);
  await stack.write("db.yml", 'services: { db: { image: "$IMAGE", command: ["false"] } }\n');
  const failed = [expect.objectContaining({ parent: "a", code: "COMPOSE_SERVICE_FAILED" })];
  await expect(composed(repo, lab)).rejects.toMatchObject({ details: { failed } });
  expect(await leftOn(parents, project)).toEqual(nothing);
});

test("when the process that uses a stack is killed, it goes from every parent", async () => {
  const child = start("use");
  await says(child, "using");
  expect(await runningOn(parents, project)).toEqual({
    a: ["cache", "db"],
    b: ["metrics", "web"],
    c: ["metrics", "web", "worker"],
  });
  child.kill("SIGKILL");
  await expect.poll(() => leftOn(parents, project), { timeout: 30_000 }).toEqual(nothing);
});

test("touching a placeholder brings all parts up once, and a parent that is down is no matter of another's host", async () => {
  const { repo, lab } = own;
  expect(await declareStacks(lab)).toEqual([]);
  await parents.hosts.c.stop();
  try {
    expect((await getContainerHost("db", lab).exec(["true"])).exitCode).toBe(0);
    await expect(getContainerHost("worker", lab).exec(["true"])).rejects.toMatchObject({ code: "SSH_CONNECT_FAILED" });
  } finally {
    await parents.hosts.c.start();
  }
  await composeDown(repo, lab);
});

test("an entry that is placed elsewhere goes there, and a warning says once what is left and what removes it", async () => {
  const { repo, lab } = own;
  const warnings: string[] = [];
  const onEvent: ComposeUpOptions["onEvent"] = (event) => {
    if (event.type === "compose.warning") warnings.push(event.message);
  };
  await composeUp(repo, lab, { services: ["metrics", "cache"], onEvent });
  expect(warnings).toEqual([]);
  await composeUp(repo, lab, { on: "db=c,front=c", services: ["cache"], onEvent });
  const command = (parent: string) => expect.stringContaining(`\`otto docker down --on ${parent}\``);
  expect(warnings).toEqual([command("a"), command("b")]);
  await composeUp(repo, lab, { on: "db=c,front=c", services: ["cache"], onEvent });
  expect(warnings).toHaveLength(2);
  await composeDown(repo, lab, { on: "all" });
  expect(await leftOn(parents, project)).toEqual(nothing);
  const hosts = await composeUp(repo, lab, { on: "db=c,front=a" });
  expect(hosts.db?.id).toBe(`c.${repo.name}.db`);
  expect(await runningOn(parents, project)).toEqual({
    a: ["metrics", "web"],
    b: [],
    c: ["cache", "db", "worker"],
  });
  await composeDown(repo, lab, { on: "all" });
});

test("no signal has got so many listeners by all that, that Node warns", () => {
  expect(nodeWarnings).toEqual([]);
});
