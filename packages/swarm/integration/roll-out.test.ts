import { formatUpStep } from "@otto/compose";
import {
  bringUpSwarm,
  createTaskHost,
  listTasks,
  observeSwarm,
  previewDownSwarm,
  previewUpSwarm,
  SwarmManagers,
  takeDownSwarm,
} from "@otto/swarm";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createSwarmRepo, docker, type OneNodeSwarm, recordEvents, runningTasks, startSwarm } from "./swarm-lab.js";

let swarm: OneNodeSwarm;
beforeAll(async () => {
  swarm = await startSwarm();
});
afterAll(() => swarm[Symbol.asyncDispose]());

const who = "ada@desk";
const none = "endpoint_mode: dnsrr";

test("a stack is rolled out, left as it is by the next up, and removed with all that it had", async () => {
  await using repo = await createSwarmRepo(
    swarm,
    `services:
  api:
    image: $IMAGE
    command: ["sh", "-c", "cat /app.conf /run/secrets/key; echo; exec sleep 1000"]
    env_file: [api.env]
    configs: [{ source: app, target: /app.conf }]
    secrets: [key]
    deploy: { replicas: 2, ${none} }
  init:
    image: $IMAGE
    command: ["true"]
    deploy: { restart_policy: { condition: none }, ${none} }
configs:
  app: { file: ./app.conf }
secrets:
  key: { file: ./key.txt }
`,
  );
  await repo.write("app.conf", "port=1\n");
  await repo.write("key.txt", "hunter22222");
  await repo.write("api.env", "A=1$2\n");
  const first = await previewUpSwarm(await repo.read());
  expect(first.plan.map(formatUpStep)).toEqual([
    "api: create (it is not in the swarm)",
    "init: create (it is not in the swarm)",
  ]);
  const observed = await bringUpSwarm(await repo.read(), { who });
  expect((await runningTasks(repo.project)).toSorted()).toEqual([`${repo.project}_api.1`, `${repo.project}_api.2`]);
  const hosts = listTasks("shop", repo.project, observed).map((place) =>
    createTaskHost(repo.location, place, { managers: new SwarmManagers(repo.location), node: place.node }),
  );
  expect(hosts.map(({ id }) => id)).toEqual(["local.shop.api", "local.shop.api.2", "local.shop.init"]);
  const [api, , init] = hosts;
  expect((await api?.exec("cat /app.conf; echo $A"))?.stdout.toString()).toBe("port=1\n1$2\n");
  const lines: string[] = [];
  for await (const { text } of api?.logs() ?? []) lines.push(text);
  expect(lines).toEqual(["port=1", "hunter22222"]);
  await expect(init?.exec("true")).rejects.toMatchObject({ code: "HOST_NOT_RUNNING" });

  const ids = (await observeSwarm(repo.location)).tasks.map(({ id }) => id).toSorted();
  const again = await previewUpSwarm(await repo.read());
  expect(again.plan.map(({ do: action }) => action)).toEqual(["leave", "leave"]);
  const unchanged = await bringUpSwarm(await repo.read(), { who });
  expect(unchanged.tasks.map(({ id }) => id).toSorted()).toEqual(ids);

  const going = await previewDownSwarm(repo.location);
  expect(going.map(({ kind }) => kind)).toEqual(["service", "service", "config", "secret", "network"]);
  for (const host of hosts) await host[Symbol.asyncDispose]();
  expect(await takeDownSwarm(repo.location, { who })).toEqual({ wasUp: true, left: [] });
  for (const what of ["service", "config", "secret", "network"])
    expect(await docker(what, "ls", "--quiet", "--filter", `label=com.docker.stack.namespace=${repo.project}`)).toBe(
      "",
    );
  expect(await docker("ps", "--all", "--quiet", "--filter", `label=com.docker.stack.namespace=${repo.project}`)).toBe(
    "",
  );
  expect(await takeDownSwarm(repo.location, { who })).toEqual({ wasUp: false, left: [] });
});

test("a changed config, secret or variable rolls out, and the old ones are gone after that", async () => {
  await using repo = await createSwarmRepo(
    swarm,
    `services:
  api:
    image: $IMAGE
    command: ["sleep", "1000"]
    stop_grace_period: 0s
    env_file: [api.env]
    configs: [{ source: app, target: /app.conf }]
    secrets: [key]
    deploy: { ${none}, update_config: { monitor: 100ms } }
  other:
    image: $IMAGE
    command: ["sleep", "1000"]
    deploy: { ${none} }
configs:
  app: { file: ./app.conf }
secrets:
  key: { environment: KEY }
`,
  );
  await repo.write("app.conf", "port=1\n");
  await repo.write("api.env", "A=1\n");
  await bringUpSwarm(await repo.read({}, { KEY: "first-secret" }), { who });
  const before = await observeSwarm(repo.location);
  const api = createTaskHost(
    repo.location,
    { repo: "shop", service: "api", replica: 1 },
    { managers: new SwarmManagers(repo.location) },
  );
  const show = async () => (await api.exec("cat /app.conf /run/secrets/key; echo; echo $A")).stdout.toString();
  expect(await show()).toBe("port=1\nfirst-secret\n1\n");

  await repo.write("app.conf", "port=2\n");
  await repo.write("api.env", "A=2\n");
  const changed = await repo.read({}, { KEY: "second-secret" });
  expect((await previewUpSwarm(changed)).plan.map(formatUpStep)).toEqual([
    "api: recreate (configs, environment, secrets changed)",
    "other: leave (it is as declared)",
  ]);
  await bringUpSwarm(changed, { who });
  expect(await show()).toBe("port=2\nsecond-secret\n2\n");
  const after = await observeSwarm(repo.location);
  const otherOf = ({ services, tasks }: typeof after) =>
    tasks.filter(({ serviceId }) => services.find(({ id }) => id === serviceId)?.name.endsWith("_other"));
  expect(otherOf(after).map(({ id }) => id)).toEqual(otherOf(before).map(({ id }) => id));
  expect(after.configs.map(({ name }) => name)).toHaveLength(1);
  expect(after.configs).not.toEqual(before.configs);
  expect(after.secrets).toHaveLength(1);
  await api[Symbol.asyncDispose]();
  await takeDownSwarm(repo.location, { who });
});

test("a first roll-out that fails is an error with the task's error and last lines, and nothing of it is left", async () => {
  await using repo = await createSwarmRepo(
    swarm,
    `services:
  api:
    image: $IMAGE
    command: ["sh", "-c", "echo the key is $$(cat /run/secrets/key); exit 3"]
    secrets: [key]
    deploy: { restart_policy: { condition: none }, ${none} }
secrets:
  key: { file: ./key.txt }
`,
  );
  await repo.write("key.txt", "hunter22222\n");
  const error = await bringUpSwarm(await repo.read(), { who }).catch((cause: unknown) => cause);
  expect(error).toMatchObject({
    code: "SWARM_ROLL_OUT_FAILED",
    message: expect.stringMatching(
      /api .* is not up: its task failed: task: non-zero exit \(3\)(.|\n)*the key is \[redacted\]/,
    ),
    details: {
      service: "api",
      outcome: "removed",
      failed: [{ node: "local", exitCode: 3, logs: "the key is [redacted]" }],
    },
  });
  const { services, secrets, networks } = await observeSwarm(repo.location);
  expect([services, secrets, networks]).toEqual([[], [], []]);
});

test("a roll-out that is rolled back is an error, though the stack runs; the next up rolls it out again", async () => {
  await using repo = await createSwarmRepo(
    swarm,
    `services:
  api:
    image: $IMAGE
    command: ["sh", "-c", "exec sleep 1000"]
    stop_grace_period: 0s
    deploy: { ${none}, update_config: { monitor: 1s, failure_action: rollback }, rollback_config: { monitor: 0s }, restart_policy: { delay: 0s } }
`,
  );
  const compose = async (command: string) =>
    repo.write(
      "compose.yml",
      `services:
  api:
    image: $IMAGE
    command: ["sh", "-c", "${command}"]
    stop_grace_period: 0s
    deploy: { ${none}, update_config: { monitor: 1s, failure_action: rollback }, rollback_config: { monitor: 0s }, restart_policy: { delay: 0s } }
`,
    );
  await bringUpSwarm(await repo.read(), { who });
  await compose("echo new version; exit 4");
  const error = await bringUpSwarm(await repo.read(), { who }).catch((cause: unknown) => cause);
  expect(error).toMatchObject({
    code: "SWARM_ROLL_OUT_FAILED",
    message: expect.stringMatching(/its roll-out was rolled back(.|\n)*new version/),
    details: { outcome: "left", failed: [{ exitCode: 4, logs: "new version" }] },
  });
  expect(await runningTasks(repo.project)).toHaveLength(1);
  await compose("echo better; exec sleep 1000");
  const { plan } = await previewUpSwarm(await repo.read());
  expect(plan.map(formatUpStep)).toEqual(["api: recreate (its last roll-out was rolled back)"]);
  await bringUpSwarm(await repo.read(), { who });
  expect(await docker("service", "logs", "--raw", `${repo.project}_api`)).toContain("better");
  await takeDownSwarm(repo.location, { who });
});

test("a roll-out that Swarm pauses is an error", async () => {
  await using repo = await createSwarmRepo(
    swarm,
    `services: { api: { image: $IMAGE, stop_grace_period: 0s, deploy: { ${none} } } }\n`,
  );
  await bringUpSwarm(await repo.read(), { who });
  await repo.write(
    "compose.yml",
    `services: { api: { image: $IMAGE, stop_grace_period: 0s, command: ["/none"], deploy: { ${none}, update_config: { monitor: 1s } } } }\n`,
  );
  await expect(bringUpSwarm(await repo.read(), { who })).rejects.toMatchObject({
    code: "SWARM_ROLL_OUT_FAILED",
    message: expect.stringMatching(/its roll-out was paused/),
    details: { outcome: "left" },
  });
  await takeDownSwarm(repo.location, { who });
});

test("what no node may run is an error that says so when time is over", async () => {
  await using repo = await createSwarmRepo(
    swarm,
    `services: { api: { image: $IMAGE, deploy: { ${none}, placement: { constraints: ["node.labels.x==y"] } } } }\n`,
  );
  await expect(bringUpSwarm(await repo.read(), { who, readyTimeoutMs: 2000 })).rejects.toMatchObject({
    code: "SWARM_NOT_READY",
    message: expect.stringMatching(/no suitable node/),
    hint: expect.stringContaining("docker node ls"),
    details: { outcome: "removed" },
  });
});

test("keys that Swarm ignores are named, and do not keep the stack from being deployed", async () => {
  await using repo = await createSwarmRepo(
    swarm,
    `services:
  api:
    image: $IMAGE
    build: .
    container_name: mine
    restart: always
    depends_on: [db]
    privileged: true
    cgroup_parent: /x
    mem_limit: 64m
    platform: linux/amd64
    extra_hosts: ["a:1.2.3.4"]
    healthcheck: { test: ["CMD", "true"], interval: 200ms, start_interval: 200ms, start_period: 5s }
    ports: [{ target: 80, published: "18080", host_ip: 127.0.0.1, mode: host }]
    tmpfs: [/t]
    volumes: ["data:/data", { type: tmpfs, target: /u, tmpfs: { size: 1000000 } }]
    ulimits: { nofile: 1000, nproc: { soft: 10, hard: 20 } }
    configs: [{ source: inline, target: /inline, mode: 0440 }]
    networks: { front: { aliases: [web], ipv4_address: 10.9.0.9 } }
    deploy: { resources: { limits: { cpus: "0.5", memory: 64M } }, ${none} }
    labels: { price: "5$$" }
  db: { image: $IMAGE, deploy: { ${none} }, networks: [front] }
networks: { front: { ipam: { config: [{ subnet: 10.9.0.0/24 }] } } }
volumes: { data: {} }
configs: { inline: { content: "a$$b" } }
`,
  );
  await repo.write("Dockerfile", "FROM scratch\n");
  const { warnings, onEvent } = recordEvents();
  await bringUpSwarm(await repo.read(), { who, onEvent });
  expect(warnings()).toEqual([
    "Swarm ignores these keys: api: build, cgroup_parent, container_name, depends_on, mem_limit, networks.front.ipv4_address, platform, ports.host_ip, privileged, restart",
  ]);
  const api = createTaskHost(
    repo.location,
    { repo: "shop", service: "api", replica: 1 },
    { managers: new SwarmManagers(repo.location) },
  );
  expect((await api.exec("cat /inline; echo; ls -ln /inline | cut -c1-10")).stdout.toString()).toBe(
    "a$b\n-r--r-----\n",
  );
  await api[Symbol.asyncDispose]();
  await takeDownSwarm(repo.location, { who, volumes: true });
  expect(await docker("volume", "ls", "--quiet", "--filter", `label=com.docker.stack.namespace=${repo.project}`)).toBe(
    "",
  );
});

test("a mount of the repository is refused before anything is deployed, and so is a service that names no image", async () => {
  await using repo = await createSwarmRepo(swarm, `services: { api: { image: $IMAGE, volumes: ["./data:/data"] } }\n`);
  await repo.write("data/x", "1");
  await expect(bringUpSwarm(await repo.read(), { who })).rejects.toMatchObject({
    code: "SWARM_MOUNT_LOCAL",
    details: { service: "api", path: "data", target: "/data" },
  });
  await repo.write("Dockerfile", "FROM scratch\n");
  await repo.write("compose.yml", "services: { api: { build: . } }\n");
  await expect(bringUpSwarm(await repo.read(), { who })).rejects.toMatchObject({ code: "SWARM_IMAGE_UNBUILT" });
  expect((await observeSwarm(repo.location)).services).toEqual([]);
});

test("two users who deploy one stack at once take turns", async () => {
  await using repo = await createSwarmRepo(swarm, `services: { api: { image: $IMAGE, deploy: { ${none} } } }\n`);
  const waits: string[] = [];
  const up = async (name: string) =>
    bringUpSwarm(await repo.read(), {
      who: name,
      onEvent: (event) => {
        if (event.type === "compose.waiting") waits.push(`${name} for ${event.who}`);
      },
    });
  await Promise.all([up("ada"), up("bob")]);
  expect(waits).toEqual(["bob for ada"]);
  expect(await runningTasks(repo.project)).toHaveLength(1);
  await takeDownSwarm(repo.location, { who });
});
