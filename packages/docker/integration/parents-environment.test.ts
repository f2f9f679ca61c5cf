import { composeDown, composed, composeStatus, composeUp, planComposeUp } from "@otto/docker";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { createParentsRepo, leftOn, type Parents, type ParentsRepo, runningOn, startParents } from "./parents-lab.js";

const nothing = { a: [], b: [], c: [] };
const serve = `["sh", "-c", "mkdir /www; hostname >/www/name; exec httpd -f -p 80 -h /www"]`;
const db = `services:
  db: { image: "$IMAGE", init: true, hostname: the-db, ports: ["$PORT"], command: ${serve} }
`;
// On the machine's own network: these machines do not masquerade what containers send to others.
const api = `services:
  api:
    image: "$IMAGE"
    network_mode: host
    init: true
    command: [sleep, "9999"]
    environment:
      WHERE: "\${DB_URL}"
      HOME_OF: "\${OWN:-nowhere}"
      PLAIN: "\${PLAIN:-}"
`;
const settings = (environment: string) => `
[[docker.composes]]
path = "db.yml"
name = "store"
role = "db"
[[docker.composes]]
path = "api.yml"
role = "worker"
[docker.composes.environment]
${environment}
`;
const references = `
DB_URL = "http://\${otto:service.db.addr}:\${otto:service.db.port.80}/name"
OWN = "\${otto:parent.addr} \${otto:host.a.addr} \${otto:role.db.addr}"
PLAIN = "$\${otto:role.db.addr}"
`;

let parents: Parents;
let own: ParentsRepo | undefined;
beforeAll(async () => {
  parents = await startParents();
});
afterAll(() => parents[Symbol.asyncDispose]());
afterEach(async () => {
  if (own === undefined) return;
  await composeDown(own.repo, own.lab, { on: "all" });
  await own[Symbol.asyncDispose]();
  own = undefined;
});

async function open(environment: string, port: string): Promise<ParentsRepo> {
  own = await createParentsRepo(parents, {
    settings: settings(environment),
    files: { "db.yml": db.replace("$PORT", port), "api.yml": api },
  });
  return own;
}

/** What a container has of these variables. */
async function variablesOf(machine: Parents["hosts"]["a"], name: string): Promise<string[]> {
  const text = await machine.runDocker(["inspect", "--format", "{{json .Config.Env}}", name]);
  return (JSON.parse(text) as string[]).filter((line) => /^(WHERE|HOME_OF|PLAIN)=/.test(line)).toSorted();
}

test.each([
  ["a fixed port", "8091:80"],
  ["a port that the engine chooses", "80"],
])("a service finds one on another parent at %s", async (_, port) => {
  const { repo, lab, stack } = await open(references, port);
  const { api: host } = await composeUp(repo, lab);
  const { stdout } = (await host?.exec(["sh", "-c", "wget -qO- $WHERE"])) ?? {};
  expect(stdout?.toString()).toBe("the-db\n");
  const { a, c } = parents.hosts;
  const [published = ""] = (await a.runDocker(["port", `${stack.project}-db-1`, "80"])).split("\n");
  const environment = {
    DB_URL: `http://${a.address}:${published.replace(/.*:/, "")}/name`,
    OWN: `${c.address} ${a.address} ${a.address}`,
    PLAIN: "${otto:role.db.addr}",
  };
  const given = await variablesOf(c, `${stack.project}-api-1`);
  // The reference: Docker Compose with these variables and the same file.
  const words = ["env", ...Object.entries(environment).map(([name, value]) => `${name}=${value}`)];
  const compose = ["docker", "compose", "--project-name", "plain", "--file", "/root/api.yml"];
  await lab.machine("c").exec(["sh", "-c", "cat >/root/api.yml"], { stdin: api.replace("$IMAGE", stack.image) });
  const plain = await lab.machine("c").exec([...words, ...compose, "up", "--detach"]);
  expect(plain.exitCode, plain.stderr.toString()).toBe(0);
  expect(given).toEqual(await variablesOf(c, "plain-api-1"));
  expect(given).toHaveLength(3);
  await lab.machine("c").exec([...words, ...compose, "down", "--timeout", "0"]);
  expect((await planComposeUp(repo, lab)).map(({ do: action }) => action)).toEqual(["leave", "leave"]);
});

test("a consumer follows a provider that is placed elsewhere", async () => {
  const { repo, lab, stack } = await open(references, "8091:80");
  await composeUp(repo, lab);
  const { api: host } = await composeUp(repo, lab, { on: "store=b" });
  const { stdout } = (await host?.exec(["sh", "-c", "wget -qO- $WHERE; echo $HOME_OF"])) ?? {};
  const { a, b, c } = parents.hosts;
  expect(stdout?.toString()).toBe(`the-db\n${c.address} ${a.address} ${b.address}\n`);
  expect((await runningOn(parents, stack.project)).b).toEqual(["db"]);
});

test("where a provider does not come up, the one that needs its port is not started, and composed leaves nothing", async () => {
  const { repo, lab, stack } = await open(references, "80");
  await stack.write("db.yml", db.replace("$PORT", "80").replace(serve, '["false"]').replace("$IMAGE", stack.image));
  const failed = ["a COMPOSE_SERVICE_FAILED", "c COMPOSE_PROVIDER_NOT_UP"];
  const read = (error: unknown) => {
    const { details } = error as { details: { failed: { parent: string; code: string }[] } };
    return details.failed.map(({ parent, code }) => `${parent} ${code}`);
  };
  expect(await composeUp(repo, lab).catch(read)).toEqual(failed);
  expect(await composed(repo, lab).catch(read)).toEqual(failed);
  expect(await leftOn(parents, stack.project)).toEqual(nothing);
});

test("what the user's environment sets goes before, and .env behind", async () => {
  const { stack, home } = await open('OWN = "settings"\nPLAIN = "settings"\nDB_URL = "${otto:nothing}"', "80");
  await stack.write(".env", "PLAIN=dotenv\n");
  process.env.DB_URL = "mine";
  try {
    const { lab, repo } = await stack.open(home);
    await composeUp(repo, lab, { services: ["api"] });
    expect(await variablesOf(parents.hosts.c, `${stack.project}-api-1`)).toEqual([
      "HOME_OF=settings",
      "PLAIN=settings",
      "WHERE=mine",
    ]);
    await lab[Symbol.asyncDispose]();
  } finally {
    delete process.env.DB_URL;
  }
});

test.each([
  ["OWN = '${otto:role.cache.addr}'", "COMPOSE_REFERENCE_UNKNOWN", ["db", "edge", "worker"]],
  ["OWN = '${otto:role.edge.addr}'", "COMPOSE_REFERENCE_AMBIGUOUS", ["b", "c"]],
  ["OWN = '${otto:host.pepper.addr}'", "COMPOSE_REFERENCE_UNKNOWN", ["a", "b", "c"]],
  ["OWN = '${otto:service.dbb.addr}'", "COMPOSE_REFERENCE_UNKNOWN", ["db", "api"]],
  ["OWN = '${otto:service.db.port.81}'", "COMPOSE_REFERENCE_UNKNOWN", ["80/tcp"]],
])("%s is refused before anything starts", async (environment, code, known) => {
  const { repo, lab, stack } = await open(environment, "80");
  const key = "docker.composes[1].environment.OWN";
  await expect(composeUp(repo, lab)).rejects.toMatchObject({ code, details: { file: repo.settingsFile, key, known } });
  expect(await leftOn(parents, stack.project)).toEqual(nothing);
  expect((await composeStatus(repo, lab).catch((error: { code: string }) => error)) as object).toMatchObject({ code });
  expect(await composeDown(repo, lab)).toMatchObject({ status: "skipped" });
});

test("a service on several parents, and a port of the loopback address, are refused", async () => {
  const { repo, lab } = await open("OWN = '${otto:service.db.addr}'", "80");
  const spread = composeUp(repo, lab, { on: "store=a,store=b" });
  await expect(spread).rejects.toMatchObject({ code: "COMPOSE_REFERENCE_AMBIGUOUS", details: { known: ["a", "b"] } });
  await own?.[Symbol.asyncDispose]();
  const second = await open("OWN = '${otto:service.db.port.80}'", "127.0.0.1:8091:80");
  await expect(composeUp(second.repo, second.lab)).rejects.toMatchObject({ code: "COMPOSE_REFERENCE_UNKNOWN" });
});
