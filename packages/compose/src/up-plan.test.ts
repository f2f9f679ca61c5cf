import type { ComposeService } from "@otto/compose-files";
import { expect, test } from "vitest";
import type { ObservedContainer } from "./stack-observation.js";
import { formatUpStep, planServices } from "./up-plan.js";

function service(name: string, changes: Partial<ComposeService> = {}): ComposeService {
  return {
    name,
    image: "r-api:latest",
    hasBuild: false,
    profiles: [],
    enabled: true,
    replicas: 1,
    containerName: undefined,
    hasHealthcheck: false,
    restart: "no",
    dependsOn: [],
    oneShot: false,
    ...changes,
  };
}

function container(name: string, changes: Partial<ObservedContainer> = {}): ObservedContainer {
  return { id: name, service: name, replica: 1, state: "running", imageId: "sha256:1", ...changes };
}

function plan(
  services: readonly ComposeService[],
  containers: readonly ObservedContainer[],
  imageId = "sha256:1",
): string[] {
  return planServices(services, { containers, imageIds: { "r-api:latest": imageId } }).map(formatUpStep);
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
  expect(plan(services, [container("api"), container("db")], "sha256:2")).toEqual([
    "api: recreate (its image was rebuilt)",
    "db: leave (it runs as declared)",
  ]);
});

test("a stopped service is started, a finished one-shot is left", () => {
  const services = [service("api"), service("seed", { oneShot: true })];
  expect(plan(services, [container("api", { state: "exited" }), container("seed", { state: "exited" })])).toEqual([
    "api: start (its container is exited)",
    "seed: leave (it runs as declared)",
  ]);
});

test("a scaled service gets its missing containers", () => {
  expect(plan([service("api", { replicas: 3 })], [container("api")])).toEqual([
    "api: create (it has 1 of 3 containers)",
  ]);
});

test("a service that is not enabled has no step, one that is no longer declared is removed", () => {
  expect(plan([service("debug", { enabled: false })], [container("old")])).toEqual([
    "old: remove (it is no longer declared)",
  ]);
});
