import type { ComposeService } from "@otto/compose-files";
import { expect, test } from "vitest";
import { formatDigest, type ServiceDigest } from "../desired/service-digest.js";
import type { ObservedContainer } from "../observed/observed-stack.js";
import {
  type ComposeRun,
  formatUpStep,
  isComposeStep,
  isContainerStep,
  isConverged,
  type UpPlan,
} from "./operations.js";
import { planUp } from "./reconcile.js";

const digest: ServiceDigest = { settings: "s", files: "f", build: "b" };

function service(name: string, changes: Partial<ComposeService> = {}): ComposeService {
  return {
    name,
    image: "r-api:latest",
    hasBuild: false,
    pullPolicy: undefined,
    platform: undefined,
    profiles: [],
    enabled: true,
    replicas: 1,
    containerName: undefined,
    hasHealthcheck: false,
    restart: "no",
    dependsOn: [],
    sharesWith: [],
    volumesFrom: [],
    publishesPorts: false,
    oneShot: false,
    ...changes,
  };
}

function container(name: string, changes: Partial<ObservedContainer> = {}): ObservedContainer {
  return {
    id: name,
    name,
    service: name,
    replica: 1,
    state: "running",
    exitCode: 0,
    health: undefined,
    healthOutput: undefined,
    restarts: 0,
    restartPolicy: "no",
    imageId: "sha256:1",
    config: formatDigest(digest),
    networks: {},
    isLeftOver: false,
    ports: [],
    ...changes,
  };
}

const fixed = { project: "p", mayBuild: true, now: 0, builders: new Map<string, string>() };

const others = Object.fromEntries(["db:1", "other", "w"].map((name) => [name, { id: "sha256:1", build: "" }]));

interface Changes {
  readonly imageId?: string;
  readonly digest?: Partial<ServiceDigest>;
  readonly held?: ReadonlySet<string>;
}

function plan(services: readonly ComposeService[], containers: readonly ObservedContainer[], changes: Changes = {}) {
  const digests = new Map(services.map(({ name }) => [name, { ...digest, ...changes.digest }]));
  const images = { ...others, "r-api:latest": { id: changes.imageId ?? "sha256:1", build: "" } };
  const steps = planUp(services, { ...fixed, containers, images, digests, held: changes.held });
  return [...steps.map(formatUpStep), ...steps.filter((step) => step.do !== "restart").flatMap(formatContainers)];
}

/** What is done to single containers. */
function formatContainers(step: UpPlan[number]): string[] {
  if (!isContainerStep(step) || step.do === "recreate") return [];
  const action = step.stops ? `stop and ${step.do}` : step.do;
  return step.containers.map((id) => [action, id, step.name ?? []].flat().join(" "));
}

/** The services of each run of compose. */
function runsOf(plan: UpPlan): [ComposeRun, Set<string>][] {
  const runs = new Map<number, [ComposeRun, Set<string>]>();
  for (const { run, service } of plan.filter(isComposeStep)) {
    const [first, services] = runs.get(run.number) ?? [run, new Set()];
    expect(run).toEqual(first);
    runs.set(run.number, [first, services.add(service)]);
  }
  return [...runs.values()];
}

test("a stack that is not there is created", () => {
  expect(plan([service("api"), service("web")], [])).toEqual([
    "api: create (it has no container)",
    "web: create (it has no container)",
  ]);
});

test("an unchanged stack is left", () => {
  expect(plan([service("api")], [container("api")])).toEqual(["api: leave (it runs as declared)"]);
});

test("a rebuilt image recreates its services only", () => {
  const services = [service("api"), service("db", { image: "db:1" })];
  expect(plan(services, [container("api"), container("db")], { imageId: "sha256:2" })).toEqual([
    "api: recreate (its image was rebuilt)",
    "db: leave (it runs as declared)",
  ]);
});

test.each<[string, Partial<ServiceDigest>, string]>([
  ["settings", { settings: "other" }, "its settings changed"],
  ["a mounted file", { files: "other" }, "a file that it mounts changed"],
  ["the build context", { build: "other" }, "its build context changed"],
])("a change of %s recreates the service and says so", (_, changed, cause) => {
  expect(plan([service("api")], [container("api")], { digest: changed })).toEqual([`api: recreate (${cause})`]);
});

test("a stopped service is started, a finished one-shot is left", () => {
  const services = [service("api"), service("seed")];
  const containers = [container("api", { state: "exited", exitCode: 137 }), container("seed", { state: "exited" })];
  expect(plan(services, containers)).toEqual([
    "api: start (its container exited with 137)",
    "seed: leave (it has done its work)",
  ]);
});

test("what was stopped on purpose is left as it is, whatever is declared", () => {
  const held = new Set(["api"]);
  const changed = container("api", { state: "exited", exitCode: 137, config: "older" });
  expect(plan([service("api")], [changed], { held })).toEqual(["api: leave (it was stopped on purpose)"]);
});

test("a server that was stopped and exited with 0 is started, as nothing waits for its end", () => {
  const services = [service("web", { publishesPorts: true }), service("api", { hasHealthcheck: true })];
  const containers = ["web", "api"].map((name) => container(name, { state: "exited" }));
  expect(plan(services, containers)).toEqual([
    "web: start (its container exited with 0)",
    "api: start (its container exited with 0)",
  ]);
});

test("who is in the namespaces of a service that starts anew is recreated, and who is in theirs", () => {
  const services = [
    service("side", { sharesWith: ["api"] }),
    service("far", { sharesWith: ["side"] }),
    service("api"),
    service("done", { sharesWith: ["api"] }),
  ];
  const others = [container("side"), container("far"), container("done", { state: "exited" })];
  const dependents = [
    "side: recreate (it shares namespaces with api, which starts anew)",
    "far: recreate (it shares namespaces with side, which starts anew)",
  ];
  const done = "done: leave (it has done its work)";
  expect(plan(services, others)).toEqual([...dependents, "api: create (it has no container)", done]);
  const stopped = container("api", { state: "exited", exitCode: 137 });
  expect(plan(services, [...others, stopped])).toEqual([
    ...dependents,
    "api: start (its container exited with 137)",
    done,
  ]);
});

test("who has the volumes of a service that is replaced is recreated, and who has theirs; a start replaces nothing", () => {
  const services = [
    service("backup", { volumesFrom: ["data"], image: "other" }),
    service("far", { volumesFrom: ["backup"], image: "other" }),
    service("data"),
  ];
  const others = [container("backup"), container("far")];
  const dependents = [
    "backup: recreate (it has the volumes of data, which is replaced)",
    "far: recreate (it has the volumes of backup, which is replaced)",
  ];
  expect(plan(services, others)).toEqual([...dependents, "data: create (it has no container)"]);
  expect(plan(services, [...others, container("data")], { imageId: "sha256:2" })).toEqual([
    ...dependents,
    "data: recreate (its image was rebuilt)",
  ]);
  const stopped = container("data", { state: "exited", exitCode: 137 });
  expect(plan(services, [...others, stopped])).toEqual([
    "data: start (its container exited with 137)",
    "backup: leave (it runs as declared)",
    "far: leave (it runs as declared)",
  ]);
});

test("who depends on a service with restart is restarted when that one is recreated, and only then", () => {
  const dependsOn = [{ service: "api", condition: "service_started", required: true, restart: true }] as const;
  const services = [service("api"), service("web", { dependsOn, image: "other" })];
  const containers = [container("api"), container("web")];
  expect(plan(services, containers, { imageId: "sha256:2" })).toEqual([
    "api: recreate (its image was rebuilt)",
    "web: restart (it depends on api, which is recreated), after api",
  ]);
  const stopped = container("api", { state: "exited", exitCode: 1 });
  expect(plan(services, [stopped, container("web")])).toEqual([
    "api: start (its container exited with 1)",
    "web: leave (it runs as declared)",
  ]);
});

test("a scaled service gets its missing containers, and loses those beyond", () => {
  expect(plan([service("api", { replicas: 3 })], [container("api")])).toEqual([
    "api: create (it has 1 of 3 containers)",
  ]);
  expect(plan([service("api")], [container("api"), container("api", { replica: 2 })])).toEqual([
    "api: remove (it has 2 containers, 1 declared)",
  ]);
});

test("a service that is not enabled has no step, one that is no longer declared is removed", () => {
  expect(plan([service("debug", { enabled: false })], [container("old")])).toEqual([
    "old: remove (it is no longer declared)",
    "stop and remove old",
  ]);
});

test("what a killed recreate left beside the old container goes, alone it takes its place", () => {
  const left = container("api", { id: "new", name: "0123456789ab_p-api-1", state: "created", isLeftOver: true });
  expect(plan([service("api")], [container("api"), left])).toEqual([
    "api: remove (an interrupted up left a second container)",
    "api: leave (it runs as declared)",
    "remove new",
  ]);
  expect(plan([service("api")], [left])).toEqual([
    "api: rename (an interrupted up left it another name)",
    "api: start (an up was interrupted before it was started)",
    "rename new p-api-1",
  ]);
});

test("a paused container is only unpaused: who shares its namespaces and who depends on it stay", () => {
  const restart = [{ service: "api", condition: "service_started", required: true, restart: true }] as const;
  const services = [
    service("api"),
    service("side", { sharesWith: ["api"] }),
    service("web", { image: "w", dependsOn: restart }),
  ];
  const containers = [container("api", { state: "paused" }), container("side"), container("web")];
  expect(plan(services, containers)).toEqual([
    "api: unpause (its container is paused)",
    "side: leave (it runs as declared)",
    "web: leave (it runs as declared)",
    "unpause api",
  ]);
  expect(stages(services, containers)).toEqual({ stages: [], restarted: [], isConverged: false });
});

test("a paused container whose service changes is unpaused and replaced, one in the namespaces of such a one too", () => {
  const services = [service("api"), service("side", { image: "w", sharesWith: ["api"] })];
  const containers = services.map(({ name }) => container(name, { state: "paused" }));
  expect(plan(services, containers, { imageId: "sha256:2" })).toEqual([
    "api: unpause (its container is paused)",
    "side: unpause (its container is paused)",
    "api: recreate (its image was rebuilt)",
    "side: recreate (it shares namespaces with api, which starts anew)",
    "unpause api",
    "unpause side",
  ]);
});

/** What compose is run for, and which containers are restarted behind it. */
function stages(services: readonly ComposeService[], containers: readonly ObservedContainer[], changes: Changes = {}) {
  const digests = new Map(services.map(({ name }) => [name, { ...digest, ...changes.digest }]));
  const images = { ...others, "r-api:latest": { id: changes.imageId ?? "sha256:1", build: "" } };
  const planned = planUp(services, { ...fixed, containers, images, digests, held: changes.held });
  return {
    stages: runsOf(planned).map(([{ replaces }, names]) => `${[...names].join("+")}${replaces ? " anew" : ""}`),
    restarted: planned.flatMap((step) => (step.do === "restart" ? step.containers : [])),
    isConverged: isConverged(planned),
  };
}

test("compose is run for what is not left and no more", () => {
  const services = [service("left"), service("new"), service("stopped")];
  const containers = [container("left"), container("stopped", { state: "exited", exitCode: 1 })];
  expect(stages(services, containers)).toEqual({ stages: ["new+stopped"], restarted: [], isConverged: false });
  expect(stages([service("left")], containers.slice(0, 1))).toEqual({ stages: [], restarted: [], isConverged: true });
});

test("a service with one container of an older image is replaced, one with another number of them is filled up", () => {
  const replicas = ["sha256:1", "sha256:2"].map((imageId, index) =>
    container("api", { id: `api${index}`, replica: index + 1, imageId }),
  );
  const scaled = [service("api", { replicas: 2 })];
  expect(plan(scaled, replicas)).toEqual(["api: recreate (its image was rebuilt)"]);
  expect(stages(scaled, replicas).stages).toEqual(["api anew"]);
  expect(plan(scaled, replicas.slice(0, 1))).toEqual(["api: create (it has 1 of 2 containers)"]);
  expect(stages(scaled, replicas.slice(0, 1)).stages).toEqual(["api"]);
  expect(
    plan(
      [service("api")],
      replicas.map((one) => ({ ...one, imageId: "sha256:1" })),
    ),
  ).toEqual(["api: remove (it has 2 containers, 1 declared)"]);
  expect(plan([service("api", { replicas: 0 })], [])).toEqual(["api: leave (no container is declared)"]);
});

test("what depends on a replaced service with `restart: true` is restarted where it runs", () => {
  const dependsOn = [{ service: "api", condition: "service_started", required: true, restart: true }] as const;
  const services = [
    service("api"),
    service("web", { image: "w", dependsOn }),
    service("job", { image: "w", dependsOn }),
  ];
  const containers = [container("api"), container("web"), container("job", { state: "exited" })];
  expect(stages(services, containers, { imageId: "sha256:2" })).toMatchObject({
    stages: ["api anew"],
    restarted: ["web"],
  });
});

test("an up that was cut before a container was started starts it", () => {
  expect(plan([service("api")], [container("api", { state: "created" })])).toEqual([
    "api: start (its container is created)",
  ]);
  const leftOver = container("api", { name: "0123456789ab_api", state: "created", isLeftOver: true });
  expect(plan([service("api")], [leftOver])).toEqual([
    "api: rename (an interrupted up left it another name)",
    "api: start (an up was interrupted before it was started)",
    "rename api api",
  ]);
});

test("containers of a service that is no longer declared are stopped and removed, and said once", () => {
  const gone = [1, 2].map((replica) => container("gone", { id: `gone${replica}`, replica }));
  expect(plan([service("api")], [container("api"), ...gone])).toEqual([
    ...["gone: remove (it is no longer declared)", "api: leave (it runs as declared)"],
    ...["stop and remove gone1", "stop and remove gone2"],
  ]);
});

/** What happens to one service that has a build or is pulled, and what compose then builds. */
function imagePlan(
  declared: Partial<ComposeService>,
  image: { readonly build?: string; readonly taggedAt?: number } | undefined,
  { containers = [], mayBuild = true }: { containers?: readonly ObservedContainer[]; mayBuild?: boolean } = {},
) {
  const images = { "r-api:latest": image && { id: "sha256:1", build: "", ...image } };
  const digests = new Map([["api", digest]]);
  const steps = planUp([service("api", declared)], {
    ...{ ...fixed, containers, images, digests, mayBuild, now: 86_400_001 },
  });
  return [...steps.map(formatUpStep), ...runsOf(steps).map(([{ builds }]) => (builds ? "builds" : "builds nothing"))];
}

test("the plan says which images compose builds, and why", () => {
  const created = "api: create (it has no container)";
  const built = { hasBuild: true };
  expect(imagePlan(built, undefined)).toEqual(["api: build (its image is not there)", created, "builds"]);
  expect(imagePlan(built, {})).toEqual(["api: build (otto did not build its image)", created, "builds"]);
  expect(imagePlan(built, { build: "old" })).toEqual(["api: build (its build context changed)", created, "builds"]);
  expect(imagePlan(built, { build: "b" })).toEqual([created, "builds nothing"]);
  const changed = container("api", { config: formatDigest({ ...digest, build: "old" }) });
  expect(imagePlan(built, { build: "old" }, { containers: [changed] })).toEqual([
    "api: build (its build context changed)",
    "api: recreate (its build context changed)",
    "builds",
  ]);
  const stopped = container("api", { state: "exited", exitCode: 1 });
  const started = "api: start (its container exited with 1)";
  expect(imagePlan(built, {}, { containers: [stopped] })).toEqual([started, "builds nothing"]);
  expect(imagePlan(built, undefined, { containers: [stopped] })).toEqual([
    "api: build (its image is not there)",
    started,
    "builds",
  ]);
});

test("the plan says which images are pulled, and why", () => {
  const created = "api: create (it has no container)";
  const leave = "api: leave (it runs as declared, unless the registry has a newer image)";
  const containers = [container("api")];
  expect(imagePlan({}, undefined)).toEqual(["api: pull (its image is not there)", created, "builds nothing"]);
  expect(imagePlan({ pullPolicy: "never" }, undefined)).toEqual([created, "builds nothing"]);
  const always = { pullPolicy: "always" };
  expect(imagePlan(always, {}, { containers })).toEqual(["api: pull (its pull_policy is always)", leave]);
  const daily = { pullPolicy: "daily" };
  expect(imagePlan(daily, { taggedAt: 0 }, { containers })).toEqual(["api: pull (its pull_policy is daily)", leave]);
  expect(imagePlan(daily, { taggedAt: 1 }, { containers })).toEqual(["api: leave (it runs as declared)"]);
  expect(imagePlan({}, undefined, { containers })).toEqual(["api: leave (it runs as declared)"]);
  expect(imagePlan({ hasBuild: true }, undefined, { mayBuild: false })).toEqual([
    "api: pull (its image is not there)",
    created,
    "builds nothing",
  ]);
});

test("an image that is not there is pulled before a network is replaced, not while its containers are off it", () => {
  const isAhead = (settings: string) => {
    const digests = new Map([["a", { ...digest, networks: { front: { name: "p_front", settings } } }]]);
    const containers = [container("a", { config: "other", networks: { front: "1" } })];
    const steps = planUp([service("a", { image: "new" })], { ...fixed, containers, images: {}, digests });
    return steps.flatMap((step) => (step.do === "pull" ? [step.isAhead] : []));
  };
  expect([isAhead("1"), isAhead("2")]).toEqual([[false], [true]]);
});

test("what is built is built before a network is replaced, unless a build by itself makes other images than an up", () => {
  const order = (isMultiPlatform: boolean) => {
    const digests = new Map([["a", { ...digest, networks: { front: { name: "p_front", settings: "2" } } }]]);
    const containers = [container("a", { config: "other", networks: { front: "1" } })];
    const steps = planUp([service("a", { hasBuild: true, isMultiPlatform })], {
      ...{ ...fixed, containers, digests },
      images: { "r-api:latest": { id: "sha256:1", build: "old" } },
    });
    return steps.map((step) => `${step.do} ${isComposeStep(step) ? step.run.number : ""}`.trim());
  };
  expect(order(false)).toEqual(["build 1", "recreate", "recreate 2"]);
  expect(order(true)).toEqual(["recreate", "build 1", "recreate 1"]);
});

test("a service whose containers are to be replaced anyway is recreated, and no other", () => {
  const services = [service("api"), service("web", { dependsOn: [] })];
  const digests = new Map(services.map(({ name }) => [name, digest]));
  const images = { "r-api:latest": { id: "sha256:1", build: "" } };
  const containers = [container("api"), container("web")];
  const steps = planUp(services, { ...fixed, containers, images, digests, forced: new Set(["api"]) });
  expect(steps.map(formatUpStep)).toEqual(["api: recreate (it was asked for)", "web: leave (it runs as declared)"]);
});
