import type { Engine } from "@otto/engine";
import { DockerContainerHost } from "@otto/hosts";
import { expect, test } from "vitest";
import { HostRegistry } from "./registry.js";

const engine = {} as Engine;
const host = (id: string, project = "p") => new DockerContainerHost({ id, service: id, project, replica: 1, engine });
const states = (registry: HostRegistry) => registry.list().map(({ id, state }) => `${id} ${state}`);

test("a declared host is a placeholder until it is registered, and again after its project is gone", async () => {
  const registry = new HostRegistry();
  registry.declare(host("p.r.api"));
  expect(states(registry)).toEqual(["p.r.api placeholder"]);
  registry.register(host("p.r.api"));
  expect(states(registry)).toEqual(["p.r.api running"]);
  await registry.unregister("p");
  expect(states(registry)).toEqual(["p.r.api placeholder"]);
});

test("registering keeps the object that callers hold", () => {
  const registry = new HostRegistry();
  registry.declare(host("p.r.api"));
  const placeholder = registry.get("p.r.api");
  expect(registry.register(host("p.r.api"))).toBe(placeholder);
});

test("a project's hosts go without those of another", async () => {
  const registry = new HostRegistry();
  registry.register(host("p.r.api"));
  registry.register(host("q.r.api", "other"));
  await registry.unregister("p");
  expect(states(registry)).toEqual(["q.r.api running"]);
});

test("ids are found in any case", () => {
  const registry = new HostRegistry();
  registry.declare(host("p.r.api"));
  expect(registry.get("P.R.Api").id).toBe("p.r.api");
});

test("an unknown id is an error that lists the known ones, or says how to bring a stack up", () => {
  const registry = new HostRegistry();
  expect(() => registry.get("x")).toThrow(
    expect.objectContaining({ code: "HOST_UNKNOWN", hint: expect.stringContaining("otto docker up") }),
  );
  registry.declare(host("p.r.api"));
  expect(() => registry.get("x")).toThrow(expect.objectContaining({ hint: expect.stringContaining("p.r.api") }));
});
