import type { DockerCompose, Repo } from "@otto/config";
import type { RepoPart } from "@otto/host-registry";
import { expect, test } from "vitest";
import { requireComposeEngine, stackEngineOf } from "./stack-engine.js";

const part = (...engines: readonly DockerCompose["engine"][]): RepoPart => {
  const composes = engines.map((engine) => ({ path: "/c.yml", profiles: [], ...(engine && { engine }) }));
  return { repo: { name: "shop", docker: { composes } } as unknown as Repo, parent: { id: "a" } as RepoPart["parent"] };
};

test.each([
  [[], "compose"],
  [[undefined, "compose"], "compose"],
  [["swarm", "swarm"], "swarm"],
] as const)("entries for %j are run by %s", (engines, engine) => {
  expect(stackEngineOf(part(...engines))).toBe(engine);
});

test("entries of one parent for both are an error", () => {
  expect(() => stackEngineOf(part("swarm", undefined))).toThrow(
    expect.objectContaining({ code: "SWARM_ENGINES_MIXED", details: { repo: "shop", host: "a" } }),
  );
});

test("what only stacks of Compose have is refused for a swarm, with what to do in its place", () => {
  expect(() => requireComposeEngine(part("swarm"), "otto docker stop", "Scale it.")).toThrow(
    expect.objectContaining({ code: "SWARM_UNSUPPORTED", hint: "Scale it." }),
  );
  expect(() => requireComposeEngine(part(undefined), "otto docker stop", "Scale it.")).not.toThrow();
});
