import { once } from "node:events";
import { createInterface } from "node:readline";
import { labJson, type Machines, type Registry, startMachines, startRegistry } from "@otto/lab";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type JsonLine, runJson, runOtto, startOtto } from "./otto-process.js";
import { createTestRepo, settings, type TestRepo } from "./test-repo.js";
import { Watcher } from "./watcher.js";

let lab: Machines<"pepper" | "leek" | "carrot">;
let repo: TestRepo;

const composes = `name = "front"
default_host = "pepper"
[[docker.composes]]
path = "docker/db.yml"
role = "db"
[[docker.images]]
name = "store"
dockerfile = "docker/Dockerfile"
context = "docker"
`;

const service = (image: string, name: string, command: string) => `services:
  ${name}:
    image: ${image}:latest
    init: true
    command: ["sh", "-c", "${command}; exec sleep infinity"]
`;

beforeAll(async () => {
  lab = await startMachines({ hosts: { pepper: {}, leek: {}, carrot: {} } });
  repo = await createTestRepo({ OTTO_LAB: "veg" });
  const { hosts } = labJson(lab, "veg");
  const withRoles = hosts.map((host) => ({ ...host, roles: host.element === "leek" ? ["db"] : [] }));
  await repo.write("lab.json", JSON.stringify({ hosts: withRoles }));
  await repo.write(".otto/settings.toml", settings(repo.name, composes));
  await repo.write("docker/compose.yml", service(`${repo.name}-api`, "web", "echo web is here"));
  await repo.write("docker/db.yml", service(`${repo.name}-store`, "db", "echo db is here"));
});
afterAll(async () => {
  await repo[Symbol.asyncDispose]();
  await lab[Symbol.asyncDispose]();
});

type Name = keyof typeof lab.hosts;

/** The services of which a machine runs containers. */
async function runningOn(name: Name): Promise<readonly string[]> {
  const format = '{{.Label "com.docker.compose.service"}}';
  const filter = `label=com.docker.compose.project=${repo.project}`;
  const told = await lab.hosts[name].runDocker(["ps", "--filter", filter, "--format", format]);
  return told.split("\n").filter(Boolean).toSorted();
}

async function expectRunning(services: Readonly<Record<Name, readonly string[]>>): Promise<void> {
  const names = Object.keys(services) as Name[];
  const running = await Promise.all(names.map(async (name) => [name, await runningOn(name)]));
  expect(Object.fromEntries(running)).toEqual(services);
}

const placesOf = (lines: readonly JsonLine[], type: string) =>
  lines.filter((line) => line.type === type).map(({ repo: name, parent }) => [name, parent].join(" on "));

/** Lines of logs, however wide the names before them are, sorted. */
function linesOf(logs: string): readonly string[] {
  const lines = logs.split("\n").filter(Boolean);
  return lines.map((line) => line.replace(/ +\|/, " |")).toSorted();
}

describe.sequential("a stack on two of three machines", () => {
  test("its plan comes parent by parent, and connects to these alone", async () => {
    const { exitCode, stdout, stderr } = await runOtto(repo.place, ["up", "--dry-run"]);
    expect([exitCode, stderr]).toEqual([0, ""]);
    expect(stdout.replaceAll(repo.name, "shop")).toMatch(
      /^shop on pepper\napi: build .*\nweb: create .*\nshop on leek\nstore: build .*\ndb: create .*\n$/,
    );
    expect(await lab.hosts.carrot.handshakes()).toBe(0);
  });

  test("an up brings each service up on its own parent; lines say whose they are", async () => {
    const { exitCode, stdout, stderr } = await runOtto(repo.place, ["up"]);
    expect(exitCode, stderr).toBe(0);
    await expectRunning({ pepper: ["web"], leek: ["db"], carrot: [] });
    expect(stdout).toMatch(/^pepper\.cli\w+\.web +running\nleek\.cli\w+\.db +running\n$/);
    const lines = stderr.trimEnd().split("\n");
    expect(lines).toContainEqual(expect.stringMatching(/^pepper \| web {2}running/));
    expect(lines).toContainEqual(expect.stringMatching(/^leek {3}\| db {2}running/));
    expect(lines.slice(-3)).toEqual([
      expect.stringMatching(/^1 service up on pepper in [\d.]+ s · built 1 · sent /),
      expect.stringMatching(/^1 service up on leek in [\d.]+ s · built 1 · sent /),
      expect.stringMatching(/^up on 2 parents in [\d.]+ s$/),
    ]);
    expect(lines.filter((line) => !line.includes(" | ") && !/^\w.* on /.test(line))).toEqual([]);
  });

  test("every event of --json has its repo and its parent", async () => {
    const { exitCode, lines } = await runJson(repo.place, ["up"]);
    expect(exitCode).toBe(0);
    const events = lines.filter(({ type }) => type.includes("."));
    expect(events.length).toBeGreaterThan(3);
    expect(new Set(events.map((event) => [event.repo, event.parent].join(" on ")))).toEqual(
      new Set([`${repo.name} on pepper`, `${repo.name} on leek`]),
    );
    expect(placesOf(lines, "host")).toEqual([`${repo.name} on pepper`, `${repo.name} on leek`]);
    expect(lines.at(-1)).not.toHaveProperty("failures");
  });

  // On a machine that is busy, either may be the first to answer.
  test("ps, logs and the like show both, each whole", async () => {
    const ps = await runOtto(repo.place, ["ps"]);
    const blocks = ps.stdout.split(new RegExp(`^(?=${repo.name} on )`, "m")).toSorted();
    expect(blocks).toEqual([
      expect.stringMatching(/^cli\w+ on leek\nID .*\nleek\.cli\w+\.db +running.*\n$/),
      expect.stringMatching(/^cli\w+ on pepper\nID .*\npepper\.cli\w+\.web +running.*\n$/),
    ]);
    const logs = await runOtto(repo.place, ["logs"]);
    expect([logs.exitCode, linesOf(logs.stdout)]).toEqual([0, ["leek/db | db is here", "pepper/web | web is here"]]);
    expect((await runOtto(repo.place, ["logs", "db"])).stdout).toBe("db | db is here\n");
    const top = await runJson(repo.place, ["top"]);
    expect(placesOf(top.lines, "text").toSorted()).toEqual([`${repo.name} on leek`, `${repo.name} on pepper`]);
    expect((await runOtto(repo.place, ["exec", "db", "hostname"])).exitCode).toBe(0);
  });

  test("logs -f merges what both write, until it is interrupted", async () => {
    const child = startOtto(repo.place, ["logs", "-f"]);
    const closed = once(child, "close");
    const seen = new Set<string>();
    if (child.stdout === null) throw new TypeError("it has no stdout");
    for await (const line of createInterface({ input: child.stdout })) {
      seen.add(line);
      if (seen.size === 2) child.kill("SIGINT");
    }
    expect(await closed).toEqual([130, null]);
    expect(linesOf([...seen].join("\n"))).toEqual(["leek/db | db is here", "pepper/web | web is here"]);
  });

  test("on a terminal the boards of both stand below each other, and stay in their order", async () => {
    await using watcher = await Watcher.open(repo.place, ["restart", "-t", "1"], { columns: 80, rows: 12 });
    const { exitCode, last, all } = await watcher.finished();
    expect(exitCode, last.join("\n")).toBe(0);
    expect(all).toMatch(/^. restart cli\w+ on pepper.*\n(?:.*\n)*?. restart cli\w+ on leek/m);
    expect(last.map((line) => line.replaceAll(repo.name, "shop").replace(/ {2,}.*| in .*/, ""))).toEqual([
      ...["restart shop on pepper", "✔ web", "1 service restarted on pepper"],
      ...["restart shop on leek", "✔ db", "1 service restarted on leek"],
      "restarted on 2 parents",
    ]);
    expect(watcher.wrapped).toBe(0);
  });

  test("the whole stack goes to named hosts, and one of its entries elsewhere", async () => {
    const { exitCode, lines } = await runJson(repo.place, ["up", "--on", "db=carrot", "--on", "front=carrot,db=leek"]);
    expect(exitCode).toBe(0);
    await expectRunning({ pepper: ["web"], leek: ["db"], carrot: ["db", "web"] });
    expect(placesOf(lines, "summary").toSorted()).toEqual([`${repo.name} on carrot`, `${repo.name} on leek`]);
    const down = await runOtto(repo.place, ["down", "--on", "carrot"]);
    expect([down.exitCode, down.stderr.trimEnd().split("\n").at(-1)]).toEqual([
      0,
      expect.stringMatching(/^2 services down on carrot in /),
    ]);
    await expectRunning({ pepper: ["web"], leek: ["db"], carrot: [] });
  });

  test("one that is down is named, with its code, and the others go on", async () => {
    await lab.hosts.pepper.stop();
    const up = await runOtto(repo.place, ["up", "--on", "all"]);
    expect(up.exitCode).toBe(1);
    expect(up.stderr).toMatch(/^error\[SSH_CONNECT_FAILED\]: .*pepper/m);
    expect(up.stderr.trimEnd().split("\n").at(-1)).toMatch(
      /^up on 2 of 3 parents in [\d.]+ s · failed on pepper \(SSH_CONNECT_FAILED\)$/,
    );
    const both = ["db", "web"];
    expect([await runningOn("leek"), await runningOn("carrot")]).toEqual([both, both]);
    const { exitCode, lines } = await runJson(repo.place, ["ps", "--on", "all"]);
    expect([exitCode, lines.at(-1)?.failures]).toEqual([
      1,
      [{ repo: repo.name, parent: "pepper", code: "SSH_CONNECT_FAILED" }],
    ]);
    const hosts = lines.filter(({ type }) => type === "service").map(({ host }) => String(host));
    expect(hosts.toSorted()).toEqual(
      ["carrot.X.db", "carrot.X.web", "leek.X.db", "leek.X.web"].map((id) => id.replace("X", repo.name)),
    );
    const logs = await runOtto(repo.place, ["logs", "--on", "all", "db"]);
    // One of them was restarted above.
    const told = ["carrot/db | db is here", "leek/db | db is here", "leek/db | db is here"];
    expect([logs.exitCode, linesOf(logs.stdout)]).toEqual([1, told]);
  });

  test("the board of one that is down gives way to its error, between those of the others", async () => {
    await using watcher = await Watcher.open(repo.place, ["up", "--on", "leek,pepper,carrot"], {
      columns: 100,
      rows: 24,
    });
    const { exitCode, last, all } = await watcher.finished();
    expect(exitCode).toBe(1);
    expect(all).toMatch(/ up cli\w+ on pepper · connecting to pepper/);
    const order = last.filter((line) => /^(?:up|error)/.test(line)).map((line) => line.slice(0, 9));
    expect(order).toEqual(
      ["up clixxx", "error[SSH", "up clixxx", "up on 2 o"].map((it) => it.replace("xxx", repo.name.slice(3, 6))),
    );
  });

  test("doctor looks at those that are named, side by side, and tells of them one after the other", async () => {
    const { exitCode, stdout } = await runOtto(repo.place, ["doctor", "--on", "carrot,pepper,leek"]);
    expect(exitCode).toBe(1);
    const machines = stdout
      .trimEnd()
      .split("\n")
      .map((line) => line.split(" ")[0]);
    expect(machines.filter((name, index) => name !== machines[index - 1])).toEqual(["carrot", "pepper", "leek"]);
    expect(stdout).toMatch(/^pepper +tcp +failed/m);
  });

  test("a down takes all away where it can, and says where it could not", async () => {
    const { exitCode, lines } = await runJson(repo.place, ["down", "--on", "all"]);
    expect([exitCode, lines.at(-1)?.failures]).toEqual([
      1,
      [{ repo: repo.name, parent: "pepper", code: "SSH_CONNECT_FAILED" }],
    ]);
    expect([await runningOn("leek"), await runningOn("carrot")]).toEqual([[], []]);
    await lab.hosts.pepper.start();
    expect((await runOtto(repo.place, ["down"])).exitCode).toBe(0);
    await expectRunning({ pepper: [], leek: [], carrot: [] });
  });
});

describe.sequential("a stack whose entries find each other", () => {
  beforeAll(async () => {
    const environment = '[docker.composes.environment]\nDB = "${otto:role.db.addr}:${otto:service.db.port.80}"';
    const found = composes.replace(/^(default_host = .*)$/m, `$1\n${environment}`);
    await repo.write(".otto/settings.toml", settings(repo.name, found));
    const web = service(`${repo.name}-api`, "web", "echo db is at $$DB");
    await repo.write("docker/compose.yml", `${web}    environment: { DB: "\${DB}" }\n`);
    await repo.write("docker/db.yml", `${service(`${repo.name}-store`, "db", "true")}    ports: ["80"]\n`);
  });

  test("a service waits for the port that another parent's engine chooses, wherever --on puts it", async () => {
    const on = ["--on", "front=leek,db=carrot"];
    const up = await runOtto(repo.place, ["up", ...on]);
    expect(up.exitCode, up.stderr).toBe(0);
    const { stdout } = await runOtto(repo.place, ["logs", "web", ...on, "--no-log-prefix"]);
    const published = await lab.hosts.carrot.runDocker(["port", `${repo.project}-db-1`, "80/tcp"]);
    const port = /:(\d+)$/m.exec(published)?.[1];
    expect(stdout).toBe(`db is at ${lab.hosts.carrot.address}:${port}\n`);
    expect((await runOtto(repo.place, ["down", ...on])).exitCode).toBe(0);
  });
});

describe.sequential("a repository with a registry, on three machines", () => {
  let registry: Registry;
  beforeAll(async () => {
    registry = await startRegistry(undefined, lab.ownAddress);
    const withRegistry = settings(repo.name, composes).replace(
      /^(version = .*)$/m,
      `$1\n[docker]\nregistry_url = "${registry.host}"`,
    );
    await repo.write(".otto/settings.toml", withRegistry);
    for (const [name, image] of [
      ["compose", "api"],
      ["db", "store"],
    ] as const)
      await repo.write(`docker/${name}.yml`, service(`${registry.host}/${repo.name}-${image}`, name, "true"));
  });
  afterAll(() => registry[Symbol.asyncDispose]());

  test("a plan says who builds an image for the others", async () => {
    const { exitCode, stdout } = await runOtto(repo.place, ["build", "--on", "pepper,leek", "--dry-run", "api"]);
    expect([exitCode, stdout.replaceAll(repo.name, "shop")]).toEqual([
      0,
      expect.stringMatching(
        /^shop on pepper\napi: pull .*; else built here and pushed for leek\)\nshop on leek\napi: pull .*; pepper provides it through the registry\)\n$/,
      ),
    ]);
  });

  test("each image is built on one of them, and pulled by the others", async () => {
    const { exitCode, lines } = await runJson(repo.place, ["build", "--on", "all"]);
    const images = lines.filter(({ type }) => type === "image");
    expect([exitCode, images.map(({ parent, image, source }) => [parent, image, source])]).toEqual([
      0,
      [
        ["pepper", "api", "built"],
        ["pepper", "store", "built"],
        ["leek", "api", "pulled"],
        ["leek", "store", "pulled"],
        ["carrot", "api", "pulled"],
        ["carrot", "store", "pulled"],
      ],
    ]);
    expect(new Set(placesOf(lines, "build.started"))).toEqual(new Set([`${repo.name} on pepper`]));
  });

  test("an up builds what changed once, on the parents that run it", async () => {
    await repo.write("docker/marker", "second\n");
    const { exitCode, lines } = await runJson(repo.place, ["up", "--on", "front=leek,front=carrot,db=carrot"]);
    expect(exitCode).toBe(0);
    const built = lines.filter(({ type }) => type === "build.started");
    expect(built.map(({ parent, image }) => [image, parent].join(" on ")).toSorted()).toEqual([
      "api on leek",
      "store on carrot",
    ]);
    const summaries = lines.filter(({ type }) => type === "summary");
    expect(summaries.map(({ parent, built, pulled }) => ({ parent, built, pulled }))).toEqual(
      expect.arrayContaining([
        { parent: "leek", built: 1, pulled: 0 },
        { parent: "carrot", built: 1, pulled: 1 },
      ]),
    );
    expect((await runOtto(repo.place, ["down", "--on", "all"])).exitCode).toBe(0);
  });
});
