import type { ComposeService } from "@otto/compose-files";
import { expect, test } from "vitest";
import { planStages } from "./up-stages.js";

const service = (name: string, ...dependsOn: string[]) =>
  ({
    name,
    hasBuild: name === "built",
    dependsOn: dependsOn.map((one) => ({ service: one })),
  }) as unknown as ComposeService;

function stages(services: ComposeService[], acted: Record<string, boolean | undefined>): string[] {
  const planned = planStages(services, new Map(Object.entries(acted)));
  return planned.map((stage) =>
    [stage.replaces ? "replace" : "keep", stage.build ? "build" : [], ...stage.services].flat().join(" "),
  );
}

test("new and replaced services are one run, in the order of their dependencies", () => {
  const services = [service("web", "api"), service("api", "db"), service("db"), service("left")];
  expect(stages(services, { web: true, api: undefined, db: true })).toEqual(["replace db api web"]);
});

test("new services join a run that keeps containers", () => {
  expect(stages([service("web", "db"), service("db")], { web: undefined, db: false })).toEqual(["keep db web"]);
});

test("where some are kept and some replaced, what depends on others comes after them", () => {
  const services = [service("web", "api"), service("api", "db"), service("db"), service("side")];
  expect(stages(services, { web: true, api: false, db: true, side: true })).toEqual([
    "replace db side",
    "keep api",
    "replace web",
  ]);
});

test("an image is built where containers are made of it", () => {
  expect(stages([service("built")], { built: true })).toEqual(["replace build built"]);
  expect(stages([service("built")], { built: false })).toEqual(["keep built"]);
  expect(stages([service("db"), service("built")], { db: false, built: undefined })).toEqual(["keep build db built"]);
});
