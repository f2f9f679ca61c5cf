import { execFile, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { promisify } from "node:util";
import {
  type BuildImagesOnOptions,
  buildImagesOn,
  formatBuildStep,
  type ImageResult,
  type ParentBuildEvent,
  planBuildOn,
} from "@otto/build";
import type { Repo } from "@otto/config";
import { createSshParent, type Parent } from "@otto/hosts";
import {
  layBusybox,
  type Machine,
  type Machines,
  type Registry,
  recordEngineEvents,
  startMachines,
  startRegistry,
} from "@otto/lab";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { createHeldStep, type HeldStep } from "./held-step.js";
import { type BuildRepo, createBuildRepo } from "./local-build.js";
import { watchListings } from "./watched-listings.js";

const execute = promisify(execFile);

let machines: Machines<"a" | "b" | "c">;
let registry: Registry;
let a: Parent;
let b: Parent;
let c: Parent;

beforeAll(async () => {
  machines = await startMachines({ hosts: { a: {}, b: {}, c: {} } });
  registry = await startRegistry(undefined, machines.ownAddress);
  const open = (machine: Machine) => createSshParent(parentOptions(machine));
  [a, b, c] = [open(machines.hosts.a), open(machines.hosts.b), open(machines.hosts.c)];
});
afterAll(async () => {
  for (const each of [a, b, c, registry, machines]) await each[Symbol.asyncDispose]();
});

/** For this process and others. */
function parentOptions({ name, address: host, user, privateKeyPath, fingerprint }: Machine) {
  const credentials = [{ username: user, privateKeys: [{ path: privateKeyPath }] }] as const;
  const endpoint = { name, host, credentials, hostKey: { pin: fingerprint }, keepaliveIntervalMs: 1000 };
  const docker = { command: ["docker"], stagingRoot: undefined };
  return { id: name, route: [endpoint], docker, socketPath: undefined } as const;
}

const both = (): [{ parent: Parent }, { parent: Parent }] => [{ parent: a }, { parent: b }];

interface SharedRepo {
  readonly repo: BuildRepo;
  readonly loaded: Repo;
  /** A step of its only image, released from the start; its runs are the builds. */
  readonly step: HeldStep;
}

interface RepoSettings {
  /** Default: the test's registry. */
  readonly registryUrl?: string;
  readonly docker?: string;
  readonly image?: string;
  readonly exitCode?: number;
  readonly isHeld?: boolean;
}

async function createSharedRepo(settings: RepoSettings = {}): Promise<SharedRepo> {
  const { registryUrl = registry.host, docker = "", image = "", exitCode = 0, isHeld = false } = settings;
  const step = await createHeldStep(exitCode, machines.ownAddress);
  const url = registryUrl === "" ? "" : `registry_url = "${registryUrl}"\n`;
  const repo = await createBuildRepo(`network = "host"\n${image}[docker]\n${url}${docker}`);
  onTestFinished(async () => {
    await step[Symbol.asyncDispose]();
    await repo[Symbol.asyncDispose]();
  });
  await layBusybox(join(repo.root, "context/root"));
  await repo.write("context/Dockerfile", `FROM scratch\nCOPY root /\n${step.line}`);
  if (!isHeld) step.release();
  return { repo, loaded: await repo.load(), step };
}

function record() {
  const events: ParentBuildEvent[] = [];
  const of = (type?: ParentBuildEvent["type"], parent?: string) =>
    events.filter(
      (event) => (type === undefined || event.type === type) && (parent === undefined || event.parent === parent),
    );
  return { of, onEvent: (event: ParentBuildEvent) => void events.push(event) };
}

/** What the engines say of pulls and pushes meanwhile, as `pull NAME`. */
async function watchEngines(work: () => Promise<unknown>): Promise<{ a: string[]; b: string[] }> {
  const heard = { a: [] as string[], b: [] as string[] };
  const watchB = async () => {
    const events = await recordEngineEvents(work, machines.hosts.b.engineAddress);
    heard.b.push(...events.flatMap(transferIn));
  };
  heard.a.push(...(await recordEngineEvents(watchB, machines.hosts.a.engineAddress)).flatMap(transferIn));
  return heard;
}

function transferIn({ Type, Action, Actor }: Awaited<ReturnType<typeof recordEngineEvents>>[number]): string[] {
  const isTransfer = Type === "image" && (Action === "pull" || Action === "push");
  return isTransfer ? [`${Action} ${Actor.ID}`] : [];
}

async function linesOf(loaded: Repo, options?: BuildImagesOnOptions): Promise<string[]> {
  const plans = await planBuildOn(loaded, both(), options);
  return Object.entries(plans).flatMap(([id, steps]) => steps.map((step) => `${id} ${formatBuildStep(step)}`));
}

const built = { api: { status: "success", source: "built" } };
const pulled = { api: { status: "skipped", source: "pulled" } };
const present = { api: { status: "skipped", source: "present" } };

test("an image is built on one parent, pushed and pulled by the other, and the plan says so", async () => {
  const { loaded, step } = await createSharedRepo();
  const lines = await linesOf(loaded);
  const [, tag = ""] = /(\S+-api:[0-9a-f]{16})/.exec(lines[0] ?? "") ?? [];
  expect(lines).toEqual([
    `a api: pull ${tag} (no image with this hash is there; the registry may have it; else built here and pushed for b)`,
    `b api: pull ${tag} (no image with this hash is there; a provides it through the registry)`,
  ]);
  const heard = await watchEngines(async () => {
    expect(await buildImagesOn(loaded, both())).toMatchObject({ a: built, b: pulled });
  });
  expect(heard).toEqual({ a: [`push ${tag}`], b: [`pull ${tag}`] });
  expect(step.runs()).toBe(1);
  const images = [a, b].map(({ engine }) => engine.inspectImage(tag.replace(/:[^:]*$/, ":latest")));
  const [onA, onB] = await Promise.all(images);
  expect(onA?.id).toBe(onB?.id);
  const again = await watchEngines(async () => {
    expect(await buildImagesOn(loaded, both())).toMatchObject({ a: present, b: present });
  });
  expect(again).toEqual({ a: [], b: [] });
});

test("the parent that has the image pushes it to the others, whichever comes first", async () => {
  const { loaded, step } = await createSharedRepo();
  await buildImagesOn(loaded, [{ parent: b }]);
  const lines = await linesOf(loaded);
  expect(lines).toEqual([
    expect.stringMatching(/^a api: pull .*; b provides it through the registry\)$/),
    expect.stringMatching(/^b api: skip .*; pushed for a\)$/),
  ]);
  const heard = await watchEngines(async () => {
    expect(await buildImagesOn(loaded, both())).toMatchObject({ a: pulled, b: present });
  });
  expect([heard.a, heard.b]).toEqual([[expect.stringMatching(/^pull /)], [expect.stringMatching(/^push /)]]);
  expect(step.runs()).toBe(1);
});

test("what the registry has is pulled by each parent and pushed by none", async () => {
  const { loaded, step } = await createSharedRepo();
  const { a: first } = await buildImagesOn(loaded, [{ parent: a }], { push: true });
  const tag = first?.api?.message ?? "";
  for (const name of [tag, tag.replace(/:[^:]*$/, ":latest")]) await a.engine.removeImage(name);
  const heard = await watchEngines(async () => {
    expect(await buildImagesOn(loaded, both())).toMatchObject({ a: pulled, b: pulled });
  });
  expect(heard).toEqual({ a: [`pull ${tag}`], b: [`pull ${tag}`] });
  expect(step.runs()).toBe(1);
});

test("a push that is asked for is made once, of both tags", async () => {
  const { loaded } = await createSharedRepo();
  const heard = await watchEngines(async () => {
    const results = await buildImagesOn(loaded, both(), { push: true });
    expect(results).toMatchObject({ a: { api: { pushed: true } }, b: { api: { pushed: true } } });
  });
  expect(heard.a).toEqual([expect.stringMatching(/^push .*:[0-9a-f]{16}$/), expect.stringMatching(/^push .*:latest$/)]);
  expect(heard.b).toEqual([expect.stringMatching(/^pull .*:[0-9a-f]{16}$/)]);
});

test("a rebuild is one too, and the other parent gets its image", async () => {
  const { loaded, step } = await createSharedRepo();
  const { a: first } = await buildImagesOn(loaded, both());
  const rebuilt = await buildImagesOn(loaded, both(), { noCache: true });
  expect(rebuilt).toMatchObject({ a: built, b: pulled });
  expect(step.runs()).toBe(2);
  const tag = first?.api?.message ?? "";
  const [onA, onB] = await Promise.all([a, b].map(({ engine }) => engine.inspectImage(tag)));
  expect(onB?.id).toBe(onA?.id);
});

test("a build that fails is made once, and fails each parent with its output", async () => {
  const { loaded, step } = await createSharedRepo({ exitCode: 3 });
  const results = await buildImagesOn(loaded, both());
  const failed = { api: { status: "failed", error: { code: "ENGINE_BUILD_FAILED", details: { exitCode: 3 } } } };
  expect(results).toMatchObject({ a: failed, b: failed });
  expect(step.runs()).toBe(1);
});

test("a context is walked once for all parents", async () => {
  const { repo, loaded } = await createSharedRepo({ registryUrl: "" });
  const context = join(repo.root, "context");
  const listed = await watchListings(context, () => planBuildOn(loaded, both()));
  expect(listed).toContain("/root");
  expect(new Set(listed).size).toBe(listed.length);
});

test("images whose providers differ wait for each other in no circle", async () => {
  const images = Array.from({ length: 10 }, (_, number) => `more${number}`);
  const more = images.map(
    (name) => `[[docker.images]]\nname = "${name}"\ncontext = "${name}"\ndockerfile = "${name}/Dockerfile"\n`,
  );
  const repo = await createBuildRepo(`${more.join("")}[docker]\nregistry_url = "${registry.host}"\n`);
  onTestFinished(() => repo[Symbol.asyncDispose]());
  for (const name of images) await repo.write(`${name}/Dockerfile`, `FROM scratch\nCOPY Dockerfile /${name}\n`);
  const loaded = await repo.load();
  const [ofA, ofB] = [images.slice(0, 5), images.slice(5)];
  await buildImagesOn(loaded, [{ parent: a, imageNames: ofA }]);
  await buildImagesOn(loaded, [{ parent: b, imageNames: ofB }]);
  const results = await buildImagesOn(loaded, both());
  const sources = (id: string) => images.map((name) => `${name} ${sourceIn(results[id]?.[name])}`);
  const expected = (has: readonly string[]) =>
    images.map((name) => `${name} ${has.includes(name) ? "present" : "pulled"}`);
  expect([sources("a"), sources("b")]).toEqual([expected(ofA), expected(ofB)]);
});

const sourceIn = (result: ImageResult | undefined) => (result?.status === "failed" ? result.message : result?.source);

test("without a registry each parent builds for itself, side by side, and the plan says so", async () => {
  const { loaded, step } = await createSharedRepo({ registryUrl: "", isHeld: true });
  expect(await linesOf(loaded)).toEqual(
    ["a", "b"].map((id) =>
      expect.stringMatching(`^${id} api: build .*; without a registry_url each parent builds for itself\\)$`),
    ),
  );
  const building = buildImagesOn(loaded, both());
  await step.reach(2);
  step.release();
  expect(await building).toMatchObject({ a: built, b: built });
});

/** Where nothing listens: a port below 1024 is nobody's by chance. */
const gone = "127.0.0.1:1";

test("a registry that is down is an error before anything is built", async () => {
  const { loaded, step } = await createSharedRepo({ registryUrl: gone });
  const error = { code: "BUILD_REGISTRY_FAILED", hint: expect.stringContaining("registry_optional = true") };
  const failed = { api: { status: "failed", error } };
  expect(await buildImagesOn(loaded, both())).toMatchObject({ a: failed, b: failed });
  expect(step.runs()).toBe(0);
});

test("with registry_optional each parent builds where the registry is down, side by side, and one notice says so", async () => {
  const { loaded, step } = await createSharedRepo({
    registryUrl: gone,
    docker: "registry_optional = true\n",
    isHeld: true,
  });
  const told = record();
  const building = buildImagesOn(loaded, both(), told);
  await step.reach(2);
  step.release();
  expect(await building).toMatchObject({ a: built, b: built });
  expect(told.of("build.warning")).toMatchObject([
    {
      parent: "a",
      code: "BUILD_REGISTRY_FAILED",
      message: expect.stringMatching(/refused.*each of 2 parents builds for itself/),
    },
  ]);
  expect(told.of("build.started", "b")).toMatchObject([
    { cause: expect.stringContaining("each parent builds for itself") },
  ]);
});

test.each([
  [
    "",
    { a: { api: { status: "failed", error: { code: "BUILD_REGISTRY_FAILED" } } }, b: { api: { status: "failed" } } },
    1,
  ],
  ["registry_optional = true\n", { a: built, b: present }, 2],
])("a registry that is down when the image is pushed counts as well (%j)", async (docker, expected, runs) => {
  const { loaded, step } = await createSharedRepo({ registryUrl: gone, docker });
  // Alone, a parent builds around a registry that is down.
  await buildImagesOn(loaded, [{ parent: b }]);
  expect(await buildImagesOn(loaded, both())).toMatchObject(expected);
  expect(step.runs()).toBe(runs);
});

test("a parent that alone cannot reach the registry fails, or builds for itself with registry_optional", async () => {
  const [host, port] = registry.host.split(":");
  await a.exec(["sh", "-c", `echo ${host} registry.test >>/etc/hosts`]);
  // An engine that runs may have read the file just now.
  await restart();
  const registryUrl = `registry.test:${port}`;
  const strict = await createSharedRepo({ registryUrl });
  const failed = { api: { status: "failed", error: { code: "BUILD_REGISTRY_FAILED", details: { parent: "b" } } } };
  expect(await buildImagesOn(strict.loaded, both())).toMatchObject({ a: built, b: failed });
  expect(strict.step.runs()).toBe(1);

  const { loaded, step } = await createSharedRepo({ registryUrl, docker: "registry_optional = true\n" });
  const told = record();
  expect(await buildImagesOn(loaded, both(), told)).toMatchObject({ a: built, b: built });
  expect(told.of("build.warning")).toMatchObject([{ parent: "b", code: "BUILD_PULL_FAILED" }]);
  expect(step.runs()).toBe(2);
});

test("each parent gets the user's login with its own request, and no event or error has it", async () => {
  const login = { username: "ann", password: randomBytes(12).toString("hex") };
  await using guarded = await startRegistry(login, machines.ownAddress);
  const { repo, loaded, step } = await createSharedRepo({ registryUrl: guarded.host });
  const auth = Buffer.from(`${login.username}:${login.password}`).toString("base64");
  const told = record();
  const refused = await buildImagesOn(loaded, both(), told);
  expect(refused).toMatchObject({ a: { api: { error: { hint: expect.stringContaining("docker login") } } } });
  expect(step.runs()).toBe(0);
  await repo.write("user/config.json", JSON.stringify({ auths: { [guarded.host]: { auth } } }));
  const env = { DOCKER_CONFIG: join(repo.root, "user") };
  expect(await buildImagesOn(loaded, both(), { ...told, env })).toMatchObject({ a: built, b: pulled });
  const said = JSON.stringify(told.of());
  expect([login.password, auth].filter((secret) => said.includes(secret))).toEqual([]);
});

test("a parent's results are told as soon as it has all of them", async () => {
  const { loaded, step } = await createSharedRepo({ registryUrl: "" });
  await buildImagesOn(loaded, [{ parent: b }]);
  const held = await createSharedRepo({ registryUrl: "", isHeld: true });
  const more = { ...held.loaded.docker.images[0], name: "more" } as Repo["docker"]["images"][number];
  const images = [...loaded.docker.images, more];
  const targets = [
    { parent: a, imageNames: ["more"] },
    { parent: b, imageNames: ["api"] },
  ];
  const told: string[] = [];
  const onResults = (id: string, results: Readonly<Record<string, ImageResult>>) => {
    told.push(...Object.entries(results).map(([image, result]) => `${id} ${image} ${sourceIn(result)}`));
    held.step.release();
  };
  const results = await buildImagesOn({ ...loaded, docker: { ...loaded.docker, images } }, targets, { onResults });
  expect(told).toEqual(["b api present", "a more built"]);
  expect(Object.keys(results)).toEqual(["a", "b"]);
  expect(step.runs()).toBe(1);
});

test("a registry that restarts in a push: the engine sends the layer again, and one build does", async () => {
  const { repo, step } = await createSharedRepo();
  await repo.write("context/root/noise", randomBytes(16 << 20));
  const loaded = await repo.load();
  const told = record();
  let stopped: Promise<void> | undefined;
  let started: Promise<void> | undefined;
  const onEvent = (event: ParentBuildEvent) => {
    told.onEvent(event);
    if (event.type === "registry.bytes" && event.action === "push") stopped ??= registry.stop();
    if (event.type === "registry.retrying") started ??= stopped?.then(() => registry.start());
  };
  const results = await buildImagesOn(loaded, both(), { onEvent });
  await started;
  expect(results).toMatchObject({ a: built, b: pulled });
  expect(told.of("registry.retrying", "a")[0]).toMatchObject({ action: "push", afterSeconds: 5 });
  expect(step.runs()).toBe(1);
});

/** Kills or stops dockerd, as a service manager would; the machine starts it again when it is switched on. */
const endEngine = (signal: string) => a.exec(["sh", "-c", `kill -${signal} $(cat /run/docker.pid)`]);
const switchOff = () => machines.hosts.a.stop();
const switchOn = () => machines.hosts.a.start();
const restart = async () => {
  await switchOff();
  await switchOn();
  // A call on the connection from before fails, and so it is found that this is gone.
  await expect.poll(() => a.engine.version().catch(() => undefined)).toBeDefined();
};

test.each([
  ["engine is stopped", () => endEngine("TERM"), restart],
  ["engine is killed", () => endEngine("KILL"), restart],
  ["machine loses its power", switchOff, switchOn],
  ["machine loses its network", () => machines.hosts.a.cut(), () => machines.hosts.a.join()],
] as const)("when the provider's %s in the middle of a build, the next parent builds", async (_, lose, mend) => {
  const { loaded, step } = await createSharedRepo({ isHeld: true });
  const building = buildImagesOn(loaded, both());
  await step.reach(1);
  await lose();
  await step.reach(2);
  step.release();
  const results = await building;
  await mend();
  expect(results).toMatchObject({ a: { api: { status: "failed" } }, b: built });
  // An engine that only lost its network may have ended its build meanwhile.
  expect(await buildImagesOn(loaded, both())).toMatchObject({ a: { api: { status: "skipped" } }, b: present });
});

test("a parent that is down fails its own images, and the others are built", async () => {
  const { loaded } = await createSharedRepo();
  await switchOff();
  const results = await buildImagesOn(loaded, both());
  const lines = await linesOf(loaded);
  await switchOn();
  expect(results).toMatchObject({
    a: { api: { status: "failed", error: { code: expect.stringMatching(/^SSH_/) } } },
    b: built,
  });
  expect(lines).toEqual([expect.stringMatching(/^a api: fail \(/), expect.stringMatching(/^b api: skip /)]);
});

/** A process of its own that builds on parents. @returns its results */
async function buildElsewhere(repo: BuildRepo, names: readonly ("a" | "b")[]): Promise<unknown> {
  const script = `
    import { buildImagesOn } from "@otto/build";
    import { loadRepo } from "@otto/config";
    import { createSshParent } from "@otto/hosts";
    const parents = ${JSON.stringify(names.map((name) => parentOptions(machines.hosts[name])))}.map(createSshParent);
    const repo = await loadRepo(${JSON.stringify(repo.root)}, { home: "/" });
    console.log(JSON.stringify(await buildImagesOn(repo, parents.map((parent) => ({ parent })))));
    for (const parent of parents) await parent[Symbol.asyncDispose]();
  `;
  const stdio = ["ignore", "pipe", "inherit"] as const;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", script], { stdio: [...stdio] });
  onTestFinished(() => void child.kill("SIGKILL"));
  const [output] = await Promise.all([buffer(child.stdout), once(child, "close")]);
  return JSON.parse(output.toString());
}

test("two processes that name the same parent first share one build", async () => {
  const { repo, step } = await createSharedRepo({ isHeld: true });
  const building = [buildElsewhere(repo, ["a", "b"]), buildElsewhere(repo, ["a", "b"])];
  await step.reach(1);
  step.release();
  const results = await Promise.all(building);
  const there = { api: { status: expect.stringMatching(/^(?:success|skipped)$/) } };
  expect(results).toMatchObject([
    { a: there, b: there },
    { a: there, b: there },
  ]);
  expect(step.runs()).toBe(1);
});

test("two processes that name different parents first may both build, and both end well", async () => {
  const { repo, loaded, step } = await createSharedRepo({ isHeld: true });
  const building = [buildElsewhere(repo, ["a", "b"]), buildElsewhere(repo, ["b", "a"])];
  await step.reach(2);
  step.release();
  const there = { api: { status: expect.stringMatching(/^(?:success|skipped)$/) } };
  expect(await Promise.all(building)).toMatchObject([
    { a: there, b: there },
    { a: there, b: there },
  ]);
  expect(step.runs()).toBe(2);
  expect(await buildImagesOn(loaded, both())).toMatchObject({ a: present, b: present });
});

/** An image of this name that adds `COPY . /all/` to whatever begins with it, on each machine. */
async function buildTrigger(name: string, root: string): Promise<void> {
  await writeFile(join(root, "Trigger"), "FROM scratch\nCOPY Trigger /\nONBUILD COPY . /all/\n");
  const { a: first, b: second } = machines.hosts;
  for (const { engineAddress } of [first, second])
    await execute("docker", ["--host", engineAddress, "build", "--tag", name, "--file", join(root, "Trigger"), root]);
}

test("a build that turns out to read its whole context is planned again on all parents, and made once", async () => {
  const { repo, step } = await createSharedRepo();
  const trigger = `${repo.name}-trigger`;
  await buildTrigger(trigger, repo.root);
  await repo.write("context/Dockerfile", `FROM ${trigger}\nCOPY root /\n${step.line}`);
  await repo.write("context/beside", "beside");
  const loaded = await repo.load();
  expect(await buildImagesOn(loaded, both())).toMatchObject({ a: built, b: pulled });
  expect(step.runs()).toBe(1);
  expect(await buildImagesOn(loaded, both())).toMatchObject({ a: present, b: present });
});

test("declared images that stand on each other are each built once", async () => {
  const above = `[[docker.images]]\nname = "above"\ncontext = "above"\ndockerfile = "above/Dockerfile"\n`;
  const { repo, step } = await createSharedRepo({ image: above });
  await repo.write("above/Dockerfile", `FROM ${registry.host}/${repo.name}-api:latest\nCOPY Dockerfile /\n`);
  const loaded = await repo.load();
  const results = await buildImagesOn(loaded, both(), { imageNames: ["above"] });
  expect(results).toMatchObject({ a: { ...built, above: built.api }, b: { ...pulled, above: pulled.api } });
  expect(step.runs()).toBe(1);
});

test("an abort while one builds and the other waits ends both", async () => {
  const { loaded, step } = await createSharedRepo({ isHeld: true });
  const controller = new AbortController();
  const building = buildImagesOn(loaded, both(), { signal: controller.signal });
  await step.reach(1);
  controller.abort();
  await expect(building).rejects.toMatchObject({ name: "AbortError" });
  expect(step.runs()).toBe(1);
});

test("a parent that is named twice is a mistake of the caller", async () => {
  const { loaded } = await createSharedRepo();
  await expect(buildImagesOn(loaded, [{ parent: a }, { parent: a }])).rejects.toThrow(TypeError);
});

/** The parent as if its machine had another architecture. */
function disguise(parent: Parent, architecture: string): Parent {
  const { engine } = parent;
  const strange: typeof engine = {
    ...engine,
    version: async (signal) => ({ ...(await engine.version(signal)), architecture }),
    buildWithSession: (options, signal) =>
      engine.buildWithSession({ ...options, platform: `linux/${architecture}` }, signal),
  };
  return { ...parent, engine: strange };
}

test("parents of another architecture have a provider of their own, though all push to one tag", async () => {
  const { repo } = await createSharedRepo();
  await repo.write("context/Dockerfile", "FROM scratch\nCOPY root /\n");
  const loaded = await repo.load();
  const [strangeA, strangeC] = [disguise(a, "s390x"), disguise(c, "s390x")];
  const targets = [strangeA, b, strangeC].map((parent) => ({ parent }));
  const plans = await planBuildOn(loaded, targets, { push: true });
  const sharing = { parentIds: ["a", "c"], by: "digest" };
  expect(plans).toMatchObject({ a: [{ sharing }], b: [{ do: "pull" }], c: [{ sharing, takeOver: { do: "pull" } }] });
  const results = await buildImagesOn(loaded, targets, { push: true });
  expect(results).toMatchObject({ a: built, b: built, c: pulled });
  const tag = plans.a?.[0]?.do === "pull" ? plans.a[0].tag : "";
  const images = await Promise.all([a, b, c].map(({ engine }) => engine.inspectImage(tag)));
  expect(images.map((image) => image?.architecture)).toEqual(["s390x", "amd64", "s390x"]);
});
