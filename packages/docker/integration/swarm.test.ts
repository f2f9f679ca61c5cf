import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import {
  composeDown,
  composed,
  composeLogs,
  composeStatus,
  composeUp,
  declareStacks,
  formatUpStep,
  getContainerHost,
  type Lab,
  planComposeUp,
  planUpBuilds,
  type Repo,
} from "@otto/docker";
import { type EngineEvent, recordEngineEvents, startRegistry } from "@otto/lab";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { createSwarmRepo, type SwarmMachines, startSwarmMachines } from "./swarm-lab.js";

let swarm: SwarmMachines;
beforeAll(async () => {
  swarm = await startSwarmMachines();
});
afterAll(() => swarm[Symbol.asyncDispose]());

/** The node of each task that runs, by service and slot. */
async function placesOf(lab: Lab, repo: Repo, on?: string): Promise<Record<string, string>> {
  const { services } = await composeStatus(repo, lab, { on });
  const running = services.filter(({ state }) => state === "running");
  return Object.fromEntries(running.map(({ service, replica, parent }) => [`${service}.${replica}`, parent]));
}

const web = `services:
  web:
    image: $NAME-web:latest
    stop_grace_period: 0s
    deploy: { replicas: 3, endpoint_mode: dnsrr, placement: { max_replicas_per_node: 1 }, restart_policy: { delay: 0s } }
`;
const image = `[[docker.images]]\nname = "web"\ndockerfile = "Dockerfile"\ncontext = "."\n`;
const dockerfile = (version: number) => `FROM $BASE
RUN echo version ${version} >/version
CMD ["sh", "-c", "cat /version; hostname; (while true; do cat /version | nc -l -p 80; done) & exec sleep 10000"]
`;

test("without a registry an image is built on every node; each task is a host on its own node; a new build rolls out", async () => {
  await using stack = await createSwarmRepo(swarm, { compose: web, settings: image });
  await stack.write("Dockerfile", dockerfile(1));
  await stack.write(".dockerignore", "lab\n.otto\n");
  const { lab, repo } = await stack.open();
  await using _ = lab;
  await declareStacks(lab);
  const placeholder = getContainerHost(`a.${stack.name}.web`, lab);
  const building = ["a", "b", "c"].map((parent) => expect.objectContaining({ do: "build", image: "web", parent }));
  expect(await planUpBuilds(repo, lab)).toEqual([{ parent: "a", steps: building }]);
  const built: string[] = [];
  const hosts = await composeUp(repo, lab, {
    onEvent: (event) => {
      if (event.type === "build.started") built.push(event.parent ?? "");
    },
  });
  expect(built.toSorted()).toEqual(["a", "b", "c"]);
  expect(Object.keys(hosts)).toEqual(["web"]);
  expect(hosts.web).toBe(placeholder);
  const places = await placesOf(lab, repo);
  expect(Object.values(places).toSorted()).toEqual(["a", "b", "c"]);
  const ids = Object.entries(places).map(([slot, node]) => `${node}.${stack.name}.${slot.replace(/\.1$/, "")}`);
  for (const id of ids) {
    const host = getContainerHost(id, lab);
    const [node = ""] = id.split(".");
    const { stdout } = await host.exec("hostname; cat /version");
    const onNode = await swarm.machines.hosts[node as "a"].runDocker([
      "ps",
      "--format",
      "{{.ID}}",
      "--filter",
      `label=com.docker.stack.namespace=${stack.project}`,
    ]);
    expect(`${onNode.trim()}\nversion 1\n`).toBe(stdout.toString());
  }
  const host = getContainerHost(ids[2] ?? "", lab);
  const directory = await mkdtemp(join(tmpdir(), "otto-copy-"));
  await writeFile(join(directory, "sent"), "bytes");
  await host.put(join(directory, "sent"), "/sent");
  await host.get("/sent", join(directory, "back"));
  expect(await readFile(join(directory, "back"), "utf8")).toBe("bytes");
  expect((await host.run("cd /tmp; pwd")).stdout.toString()).toBe("/tmp\n");
  {
    await using forward = await host.forward(0, 80);
    expect(await text(connect(forward.port, "127.0.0.1"))).toBe("version 1\n");
  }
  const lines: string[] = [];
  for await (const line of composeLogs(repo, lab)) lines.push(line.text);
  expect(lines.filter((line) => line === "version 1")).toHaveLength(3);

  expect((await planComposeUp(repo, lab)).map(formatUpStep)).toEqual(["web: leave (it is as declared)"]);
  await stack.write("Dockerfile", dockerfile(2));
  expect((await planComposeUp(repo, lab)).map(formatUpStep)).toEqual(["web: recreate (image changed)"]);
  await composeUp(repo, lab);
  expect((await placeholder.exec("cat /version")).stdout.toString()).toBe("version 2\n");
  expect(await composeDown(repo, lab)).toMatchObject({ status: "success" });
  for (const machine of Object.values(swarm.machines.hosts))
    expect(
      await machine.runDocker([
        "ps",
        "--all",
        "--quiet",
        "--filter",
        `label=com.docker.stack.namespace=${stack.project}`,
      ]),
    ).toBe("");
  expect(await composeDown(repo, lab)).toMatchObject({ status: "skipped" });
}, 600_000);

const one = `services:
  one:
    image: $BASE
    stop_grace_period: 0s
    command: ["sh", "-c", "echo began; exec sleep 10000"]
    deploy: { endpoint_mode: dnsrr, restart_policy: { delay: 0s } }
`;

test("a task whose node is killed moves, and its host is the same object, on another node, as is its followed log; a killed manager is no end of it", async () => {
  await using stack = await createSwarmRepo(swarm, {
    compose: one.replace("endpoint_mode", 'placement: { constraints: ["node.hostname!=a"] }, endpoint_mode'),
  });
  const { lab, repo } = await stack.open();
  await using _ = lab;
  const { one: host } = await composeUp(repo, lab);
  const first = (await placesOf(lab, repo))["one.1"] as "b" | "c";
  expect(host?.id).toBe(`${first}.${stack.name}.one`);
  expect((await host?.exec("echo here"))?.stdout.toString()).toBe("here\n");
  const second = first === "b" ? "c" : "b";
  const lines: string[] = [];
  const following = (async () => {
    for await (const { parent, text: line } of composeLogs(repo, lab, { follow: true }))
      lines.push(`${parent}: ${line}`);
  })();
  await expect.poll(() => lines).toEqual([`${first}: began`]);
  await swarm.machines.hosts[first].stop();
  try {
    await vi.waitFor(async () => expect((await host?.exec("echo there"))?.stdout.toString()).toBe("there\n"), {
      timeout: 120_000,
      interval: 1000,
    });
    await expect.poll(() => lines).toEqual([`${first}: began`, `${second}: began`]);
    expect(host?.id).toBe(`${second}.${stack.name}.one`);
    expect(getContainerHost(`${second}.${stack.name}.one`, lab)).toBe(host);
    expect(() => getContainerHost(`${first}.${stack.name}.one`, lab)).toThrow(
      expect.objectContaining({ code: "HOST_UNKNOWN" }),
    );
    // With a node that is gone, an unchanged stack is still only looked up.
    expect((await composeUp(repo, lab)).one).toBe(host);
  } finally {
    await swarm.machines.hosts[first].start();
  }
  await waitForNodes();
  await swarm.machines.hosts.a.stop();
  try {
    expect((await host?.exec("echo without a"))?.stdout.toString()).toBe("without a\n");
  } finally {
    await swarm.machines.hosts.a.start();
  }
  await waitForNodes();
  await composeDown(repo, lab);
  await following;
  expect(lines).toEqual([`${first}: began`, `${second}: began`]);
}, 600_000);

test("with the manager of the settings dead, up, ps, exec, logs, down and a use go on by another one, which is said", async () => {
  await using stack = await createSwarmRepo(swarm, { compose: one });
  await using lost = await createSwarmRepo(swarm, { compose: one, hosts: ["a", "b"], sshPorts: { b: 1 } });
  const { lab, repo } = await stack.open();
  await using _ = lab;
  const warnings: string[] = [];
  const onEvent = (event: { readonly type: string }) => {
    const { message = "" } = event as { readonly message?: string };
    if (message.includes("does not answer")) warnings.push(message);
  };
  await swarm.machines.hosts.a.stop();
  try {
    await waitForLeader("b");
    await declareStacks(lab);
    const declared = getContainerHost(`a.${stack.name}.one`, lab);
    const { one: host } = await composeUp(repo, lab, { onEvent });
    expect(host).toBe(declared);
    expect(host?.id).toMatch(/^[bc]\./);
    expect((await host?.exec("echo here"))?.stdout.toString()).toBe("here\n");
    const { services } = await composeStatus(repo, lab, { onEvent });
    expect(services).toMatchObject([{ service: "one", state: "running", host: host?.id }]);
    const lines: string[] = [];
    for await (const line of composeLogs(repo, lab, { onEvent })) lines.push(line.text);
    expect(lines).toEqual(["began"]);
    // Another program has asked nobody yet.
    const other = await stack.open();
    await declareStacks(other.lab);
    const found = getContainerHost(`a.${stack.name}.one`, other.lab);
    expect((await found.exec("echo there")).stdout.toString()).toBe("there\n");
    await other.lab[Symbol.asyncDispose]();
    expect(await composeDown(repo, lab, { onEvent })).toMatchObject({
      status: "success",
      message: `${stack.project} is down on the swarm of b`,
    });
    await using used = await composed(repo, lab, { onEvent });
    expect((await used.hosts.one?.exec("echo used"))?.stdout.toString()).toBe("used\n");
    const none = await lost.open();
    await expect(composeUp(none.repo, none.lab)).rejects.toMatchObject({
      code: "SWARM_NO_MANAGER",
      details: { host: "a", tried: [{ host: "b", reason: expect.stringMatching(/^connecting to /) }] },
    });
    await none.lab[Symbol.asyncDispose]();
  } finally {
    await swarm.machines.hosts.a.start();
  }
  const instead = expect.stringMatching(/^a does not answer \(.*\); b, another manager of its swarm, is used instead$/);
  expect(warnings).toEqual([instead, instead, instead, instead, instead]);
  await waitForNodes();
  expect(await swarm.machines.hosts.a.runDocker(["stack", "ls", "--format", "{{.Name}}"])).not.toContain(stack.project);
}, 600_000);

test("who uses a stack takes it down by another manager when the one that it came by is dead", async () => {
  await using stack = await createSwarmRepo(swarm, { compose: one });
  const { lab, repo } = await stack.open();
  await using _ = lab;
  const warnings: string[] = [];
  const use = await composed(repo, lab, {
    onEvent: (event) => {
      if (event.type === "compose.warning") warnings.push(event.message);
    },
  });
  await swarm.machines.hosts.a.stop();
  try {
    await use[Symbol.asyncDispose]();
    expect(warnings.at(-1)).toMatch(/^a does not answer .*; [bc], another manager of its swarm, is used instead$/);
    expect(await swarm.machines.hosts.b.runDocker(["stack", "ls", "--format", "{{.Name}}"])).not.toContain(
      stack.project,
    );
  } finally {
    await swarm.machines.hosts.a.start();
  }
  await waitForNodes();
}, 600_000);

test("a node outside of the lab is an error that says to use a registry; with one, its task is named as out of reach", async () => {
  await using registry = await startRegistry(undefined, swarm.machines.ownAddress);
  const hosts = ["a", "b"];
  await using without = await createSwarmRepo(swarm, { compose: web, settings: image, hosts });
  await without.write("Dockerfile", dockerfile(1));
  const lost = await without.open();
  await expect(composeUp(lost.repo, lost.lab)).rejects.toMatchObject({
    code: "SWARM_NODE_UNKNOWN",
    message: expect.stringContaining("c (no host of this lab)"),
    hint: expect.stringContaining("registry_url"),
  });
  await lost.lab[Symbol.asyncDispose]();

  await using stack = await createSwarmRepo(swarm, {
    compose: web.replace("$NAME", `${registry.host}/$NAME`),
    settings: image,
    docker: `registry_url = "${registry.host}"`,
    hosts,
  });
  await stack.write("Dockerfile", dockerfile(1));
  await stack.write(".dockerignore", "lab\n.otto\n");
  const { lab, repo } = await stack.open();
  await using _ = lab;
  const warnings: string[] = [];
  await composeUp(repo, lab, {
    onEvent: (event) => {
      if (event.type === "compose.warning") warnings.push(event.message);
    },
  });
  expect(warnings).toEqual([
    expect.stringMatching(/^web(\.[23])? runs on c \(no host of this lab\): it is out of reach$/),
  ]);
  const format = "{{.Spec.TaskTemplate.ContainerSpec.Image}}";
  const { a } = swarm.machines.hosts;
  const stdout = await a.runDocker(["service", "inspect", "--format", format, `${stack.project}_web`]);
  expect(stdout).toMatch(/@sha256:[0-9a-f]{64}\n?$/);
  const codes = await Promise.all(
    lab.hosts.all().map((host) =>
      host.exec("true").then(
        ({ exitCode }) => exitCode,
        ({ code }: { code: string }) => code,
      ),
    ),
  );
  expect(codes.map(String).sort()).toEqual(["0", "0", "SWARM_NODE_UNKNOWN"]);
  await composeDown(repo, lab);
}, 600_000);

test("a swarm and a stack of Compose that share an image have it built and pushed once", async () => {
  await using registry = await startRegistry(undefined, swarm.machines.ownAddress);
  const name = `${registry.host}/$NAME`;
  await using stack = await createSwarmRepo(swarm, {
    compose: web.replace("$NAME", name),
    settings: `[[docker.composes]]\npath = "alone.yml"\ndefault_host = "b"\n${image}`,
    docker: `registry_url = "${registry.host}"`,
  });
  await stack.write(
    "alone.yml",
    `services: { alone: { image: "${name}-web:latest", init: true, network_mode: none, command: [sleep, "9999"] } }\n`,
  );
  await stack.write("Dockerfile", dockerfile(1));
  await stack.write(".dockerignore", "lab\n.otto\n");
  const { lab, repo } = await stack.open();
  await using _ = lab;
  const { a, b } = swarm.machines.hosts;
  let onB: readonly EngineEvent[] = [];
  const work = async () => {
    onB = await recordEngineEvents(() => composeUp(repo, lab), b.engineAddress);
  };
  const onA = await recordEngineEvents(work, a.engineAddress);
  const pushed = [onA, onB].map((events) =>
    events.filter(({ Action }) => Action === "push").map(({ Actor }) => Actor.ID.replace(/.*:/, "")),
  );
  expect(pushed).toEqual([[expect.stringMatching(/^[0-9a-f]{12,}$/), "latest"], []]);
  expect(Object.keys(await placesOf(lab, repo)).toSorted()).toEqual(["alone.1", "web.1", "web.2", "web.3"]);
  await composeDown(repo, lab);
}, 600_000);

/** The swarm has a leader again, as this manager says. */
async function waitForLeader(name: "b" | "c"): Promise<void> {
  const format = "{{.ManagerStatus}}";
  const list = () => swarm.machines.hosts[name].runDocker(["node", "ls", "--format", format]).catch(String);
  await vi.waitFor(async () => expect(await list()).toContain("Leader"), { timeout: 60_000, interval: 250 });
}

/** All three are back: the swarm counts them as ready, and each can be asked. */
async function waitForNodes(): Promise<void> {
  const isReady = async () => {
    for (const machine of Object.values(swarm.machines.hosts)) {
      const states = (await machine.runDocker(["node", "ls", "--format", "{{.Status}}"])).trim().split("\n");
      expect(states).toEqual(["Ready", "Ready", "Ready"]);
    }
  };
  await vi.waitFor(isReady, { timeout: 120_000, interval: 500 });
}
