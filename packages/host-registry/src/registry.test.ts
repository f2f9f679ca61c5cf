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

test("two projects of one repo have the same ids, and come and go apart", async () => {
  const registry = new HostRegistry();
  const first = registry.register(host("p.r.api", "first"));
  const second = registry.register(host("p.r.api", "second"));
  expect(registry.get("p.r.api")).toBe(second);
  await registry.unregister("second");
  expect(registry.get("p.r.api")).toBe(first);
  expect(states(registry)).toEqual(["p.r.api running"]);
});

test("a project is unregistered on the parent that it is taken down on", async () => {
  const registry = new HostRegistry();
  registry.register(host("p.r.api"));
  registry.register(host("pp.r.api"));
  await registry.unregister("p", "p");
  expect(states(registry)).toEqual(["pp.r.api running"]);
});

test("a host that is declared silently is found, and listed when it runs", async () => {
  const registry = new HostRegistry();
  registry.declare(host("p.r.debug"), { listed: false });
  expect([states(registry), registry.get("p.r.debug").id]).toEqual([[], "p.r.debug"]);
  registry.register(host("p.r.debug"));
  expect(states(registry)).toEqual(["p.r.debug running"]);
  await registry.unregister("p");
  expect(states(registry)).toEqual([]);
});

test("ids are found in any case", () => {
  const registry = new HostRegistry();
  registry.declare(host("p.r.api"));
  expect(registry.get("P.R.Api").id).toBe("p.r.api");
});

test("an unknown id is an error that lists the known ones, or says how to bring a stack up", () => {
  const registry = new HostRegistry();
  expect(() => registry.get("x")).toThrow(
    expect.objectContaining({ code: "HOST_UNKNOWN", hint: "Bring its stack up: otto docker up" }),
  );
  registry.declare(host("p.r.api"));
  const hint = "Known container hosts: p.r.api. Those of another stack are known once it is up: otto docker up";
  expect(() => registry.get("x")).toThrow(expect.objectContaining({ hint }));
});

test("a host's state is what its container was at, with the exit code of one that has ended", () => {
  const registry = new HostRegistry();
  registry.register(host("p.r.api"), { state: "healthy" });
  registry.register(host("p.r.job"), { state: "exited", exitCode: 3 });
  expect(registry.list()).toEqual([
    { id: "p.r.api", service: "p.r.api", project: "p", state: "healthy" },
    { id: "p.r.job", service: "p.r.job", project: "p", state: "exited", exitCode: 3 },
  ]);
});
