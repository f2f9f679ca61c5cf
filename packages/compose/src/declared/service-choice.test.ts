import type { ComposeProject, ComposeService } from "@otto/compose-files";
import type { DockerImage, Repo } from "@otto/config";
import { expect, test } from "vitest";
import {
  broughtProfiles,
  checkChoice,
  chooseServices,
  forcedServices,
  type ServiceChoice,
  usedImages,
} from "./service-choice.js";

function service(name: string, changes: Partial<ComposeService> = {}): ComposeService {
  const declared = { image: `${name}:1`, hasBuild: false, replicas: 1, pullPolicy: undefined, profiles: [] };
  const alone = { dependsOn: [], sharesWith: [], volumesFrom: [], enabled: true };
  return { name, ...declared, ...alone, ...changes } as unknown as ComposeService;
}

const on = (...names: readonly string[]) =>
  names.map((name) => ({ service: name })) as unknown as ComposeService["dependsOn"];
const services = [
  service("web", { dependsOn: on("api"), image: "r-web:latest" }),
  service("api", { dependsOn: on("db"), image: "docker.io/library/r-api:latest" }),
  service("db"),
  service("side", { sharesWith: ["db"], dependsOn: on("db") }),
  service("idle", { volumesFrom: ["db"], dependsOn: on("db") }),
  service("job", { hasBuild: true, image: undefined }),
  service("debug", { enabled: false, profiles: ["debug"] }),
];
const images = ["api", "web", "spare"].map((name) => ({ name }) as DockerImage);
const repo = { name: "r", settingsFile: "s.toml", docker: { images } } as unknown as Repo;
const stackOf = (choice: ServiceChoice) => ({
  repo,
  project: "p",
  files: { services } as unknown as ComposeProject,
  choice,
});
const running = [
  { service: "side", state: "running" },
  { service: "idle", state: "exited" },
];
const enabled = (choice: ServiceChoice) =>
  chooseServices(stackOf(choice), running)
    .files.services.filter((it) => it.enabled)
    .map(({ name }) => name);

test.each<[ServiceChoice, string]>([
  [{}, "web api db side idle job"],
  [{ services: [] }, "web api db side idle job"],
  [{ services: ["job"] }, "job"],
  [{ services: ["web"] }, "web api db side"],
  [{ services: ["web"], noDeps: true }, "web"],
  [{ services: ["db"], noDeps: true }, "db side"],
  [{ services: ["debug"] }, ""],
])("%j is about %s", (choice, expected) => {
  expect(enabled(choice).join(" ")).toBe(expected);
});

test.each<[ServiceChoice, string]>([
  [{ forceRecreate: true }, "web api db side idle job"],
  [{ forceRecreate: true, services: ["api"] }, "api"],
  [{ services: ["api"] }, ""],
])("%j replaces %s in any case", (choice, expected) => {
  expect([...forcedServices(chooseServices(stackOf(choice), []))].join(" ")).toBe(expected);
});

test.each<[ServiceChoice, readonly string[] | undefined]>([
  [{ services: ["web"] }, ["api", "web"]],
  [{ services: ["web"], noDeps: true }, ["web"]],
  [{ services: ["db"] }, []],
  [{ services: ["job"] }, undefined],
])("for %j the images %j are built", (choice, expected) => {
  expect(usedImages(stackOf(choice))).toEqual(expected);
});

test("scale and pull are of this time alone, and no registry is asked for an image of the settings", () => {
  const chosen = chooseServices(stackOf({ scale: { db: 0 }, pull: "always" }), []).files.services;
  const of = (name: string) => chosen.find((it) => it.name === name);
  expect([of("db")?.replicas, of("web")?.replicas]).toEqual([0, 1]);
  expect(["db", "web", "api"].map((name) => of(name)?.pullPolicy)).toEqual(["always", undefined, undefined]);
});

test("a chosen service brings its profiles", () => {
  expect(broughtProfiles(stackOf({}), { services: ["debug", "db"] })).toEqual(["debug"]);
  expect(() => checkChoice(stackOf({}), { services: ["debug"] })).toThrow("its settings leave the service debug out");
  expect(() => checkChoice(stackOf({}), { scale: { constructor: 1 } })).toThrow("it has no service constructor");
  expect(() => checkChoice(stackOf({}), { services: ["db"], scale: { web: 2 } })).not.toThrow();
});
