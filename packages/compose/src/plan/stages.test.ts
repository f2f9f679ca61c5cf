import type { ComposeService } from "@otto/compose-files";
import { expect, test } from "vitest";
import { type ComposeAction, findWaits, planRuns } from "./stages.js";

const service = (name: string, ...dependsOn: string[]) =>
  ({
    name,
    hasBuild: name.startsWith("built"),
    dependsOn: dependsOn.map((one) => ({ service: one })),
  }) as unknown as ComposeService;

function stages(
  services: ComposeService[],
  acted: Record<string, boolean | undefined>,
  built: readonly string[] = [],
  builders: Record<string, string> = {},
): string[] {
  const all = new Map(Object.entries(acted));
  const images = { built: new Set(built), builders: new Map(Object.entries(builders)) };
  const action = { cause: "", after: [] };
  const actions = services.flatMap((one): ComposeAction[] => [
    ...(images.built.has(one.name) ? [{ ...action, do: "build" as const, service: one.name }] : []),
    { ...action, do: "create", service: one.name, after: findWaits(one, all, images) },
  ]);
  const runs: string[][] = [];
  for (const { do: name, service, run } of planRuns(services, all, actions)) {
    runs[run.number - 1] ??= [run.replaces ? "replace" : "keep", ...(run.builds ? ["build"] : [])];
    if (name !== "build") runs[run.number - 1]?.push(service);
  }
  return runs.map((run) => run.join(" "));
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

test("a run builds all images of its services, or none", () => {
  const services = [service("built1"), service("built2"), service("db")];
  const acted = { built1: undefined, built2: undefined, db: undefined };
  expect(stages(services, acted)).toEqual(["replace built1 built2 db"]);
  expect(stages(services, acted, ["built1", "built2"])).toEqual(["replace build built1 built2 db"]);
  expect(stages(services, acted, ["built2"])).toEqual(["replace built1 db", "replace build built2"]);
  expect(stages(services, acted, ["built2"], { db: "built2" })).toEqual(["replace built1", "replace build built2 db"]);
});
