import { formatUpStep } from "@otto/compose";
import type { SwarmService } from "@otto/engine";
import { expect, test } from "vitest";
import { formatStackFile, type StackFile } from "../model/stack-file.js";
import { readStackModel } from "../model/stack-model.js";
import { planUp, type UpComparison } from "./plan-up.js";

interface Choice {
  readonly image?: string;
  readonly config?: string;
  readonly scale?: number;
  readonly owned?: boolean;
}

function fileOf(service: object, { image = "a@1", config = "app_1", scale, owned = false }: Choice = {}): StackFile {
  const model = {
    services: { api: { image: "a:latest", networks: { default: null }, ...service } },
    networks: { default: { name: "shop_default" } },
    configs: { app: { name: "shop_app", file: "/tree/repo/app.conf" } },
  };
  return formatStackFile(readStackModel(model, "/tree"), {
    images: new Map([["a:latest", image]]),
    contentNames: new Map([["config app", config]]),
    scale: scale === undefined ? {} : { api: scale },
    owned,
  });
}

/** The service that a swarm makes of a file. */
function deployed(file: StackFile, more: Partial<SwarmService> = {}): SwarmService {
  const { services } = JSON.parse(file.text) as {
    services: { api: { image: string; deploy: { labels: Record<string, string> } } };
  };
  const [wanted] = file.services;
  return {
    id: "s1",
    name: "shop_api",
    labels: services.api.deploy.labels,
    image: services.api.image,
    mode: { kind: "replicated", replicas: wanted?.replicas ?? 1 },
    restartCondition: "any",
    update: undefined,
    taskSpec: "x",
    desiredTasks: 1,
    ...more,
  };
}

function compare(file: StackFile, services: readonly SwarmService[], more: Partial<UpComparison> = {}) {
  const networks = [{ id: "n1", name: "shop_default", labels: {} }];
  const comparison = {
    project: "shop",
    file,
    services,
    networks,
    prunes: true,
    owned: false,
    forced: new Set<string>(),
  };
  return planUp({ ...comparison, ...more });
}

const plan = (...compared: Parameters<typeof compare>): string[] => compare(...compared).steps.map(formatUpStep);

const before = { user: "1", configs: [{ source: "app" }] };
const same = "api: leave (it is as declared)";

test.each<[string, object, Choice, Partial<SwarmService>, string]>([
  ["the same", before, {}, {}, same],
  ["another order of keys", { configs: [{ source: "app" }], user: "1" }, {}, {}, same],
  ["other settings", { ...before, user: "2", tty: true }, {}, {}, "api: recreate (tty, user changed)"],
  ["a setting less", { configs: before.configs }, {}, {}, "api: recreate (user changed)"],
  ["another content of a config", before, { config: "app_2" }, {}, "api: recreate (configs changed)"],
  ["another image", before, { image: "a@2" }, {}, "api: recreate (image changed)"],
  ["another scale", before, { scale: 2 }, {}, "api: recreate (deploy changed)"],
  ["what somebody set by hand", before, {}, { image: "b" }, "api: recreate (another image was set since)"],
  [
    "a scale that somebody set by hand",
    before,
    {},
    { mode: { kind: "replicated", replicas: 5 } },
    "api: recreate (it was scaled since)",
  ],
  ["not of otto", before, {}, { labels: {} }, "api: recreate (it was not deployed by otto)"],
  ["paused", before, {}, { update: { state: "paused", message: "" } }, "api: recreate (its last roll-out was paused)"],
  [
    "rolled back",
    before,
    {},
    { update: { state: "rollback_completed", message: "" } },
    "api: recreate (its last roll-out was rolled back)",
  ],
  ["completed", before, {}, { update: { state: "completed", message: "" } }, same],
])("%s", (_, service, choice, there, step) => {
  expect(plan(fileOf(service, choice), [deployed(fileOf(before), there)])).toEqual([step]);
});

test("a new service is created, and one that the files no longer have is removed, when all are deployed", () => {
  const old = deployed(fileOf(before), { name: "shop_old" });
  expect(plan(fileOf(before), [old])).toEqual([
    "old: remove (the files no longer have it)",
    "api: create (it is not in the swarm)",
  ]);
  expect(plan(fileOf(before), [old], { prunes: false })).toEqual(["api: create (it is not in the swarm)"]);
});

test.each<[string, StackFile, readonly SwarmService[], string, readonly string[]]>([
  ["is as declared", fileOf(before), [deployed(fileOf(before))], "api: recreate (it was asked for)", ["api"]],
  ["changed: its roll-out replaces its tasks", fileOf({}), [deployed(fileOf(before))], "api: recreate (", []],
  ["is new", fileOf(before), [], "api: create (it is not in the swarm)", []],
])("a service that is to be replaced is forced where it %s", (_, file, services, step, forced) => {
  const { steps, forced: found } = compare(file, services, { forced: new Set(["api"]) });
  expect(steps.map(formatUpStep)).toEqual([expect.stringContaining(step)]);
  expect(found).toEqual(forced);
});

test("who is to take a stack down is no matter of its tasks, and stands in the plan", () => {
  const owned = deployed(fileOf(before, { owned: true }));
  expect(plan(fileOf(before), [owned])).toEqual(["api: recreate (it is to stay)"]);
});

test("a network whose settings changed is an error: a swarm cannot change it", () => {
  const networks = [{ id: "n1", name: "shop_default", labels: { "otto.config": "other" } }];
  expect(() => plan(fileOf(before), [], { networks })).toThrow(
    expect.objectContaining({ code: "SWARM_NETWORK_CHANGED", details: { project: "shop", network: "shop_default" } }),
  );
});

test("a secret's bytes are in no file that is deployed, and no label", () => {
  const model = {
    services: { api: { image: "a", secrets: [{ source: "key" }] } },
    secrets: { key: { name: "shop_key", environment: "KEY" }, there: { external: true, name: "other" } },
  };
  const { text } = formatStackFile(readStackModel(model, "/tree"), {
    images: new Map(),
    contentNames: new Map([["secret key", "shop_key_1"]]),
    scale: {},
    owned: false,
  });
  expect(JSON.parse(text).secrets).toEqual({
    key: { external: true, name: "shop_key_1" },
    there: { external: true, name: "other" },
  });
});
