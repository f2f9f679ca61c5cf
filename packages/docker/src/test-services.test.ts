import { createRandom, readRandomRun } from "@otto/lab";
import { expect, test } from "vitest";
import { chooseTested, companionsOf } from "./test-services.js";

type Declared = Parameters<typeof companionsOf>[0][number];

const dependencyOn = (service: string) =>
  ({ service, condition: "service_started", restart: false, required: true }) as const;

/** `b<a`: b depends on a; `b=a`: it is in a's network; `b~a`: it has a's mounts; `b?`: it is not enabled. */
function declare(words: string): Declared[] {
  return words.split(" ").map((word) => {
    const [, name = "", relation = "", other = ""] = /^(\w+)([<=~?]?)(\w*)$/.exec(word) ?? [];
    const ofKind = (kind: string) => (relation === kind ? [other] : []);
    return {
      ...{ name, enabled: relation !== "?", profiles: [] },
      dependsOn: ofKind("<").map(dependencyOn),
      ...{ sharesWith: ofKind("="), volumesFrom: ofKind("~") },
    };
  });
}

test.each([
  ["db test", "db"],
  ["db test<db", "db"],
  ["db test report<test", "db"],
  ["last<report report<test test db", "db"],
  ["db test proxy=test reader~test", "db"],
  ["db off? test", "db"],
  ["test", ""],
])("of %s, what is up beside the test is %j", (services, wanted) => {
  expect(companionsOf(declare(services), "test").join(" ")).toBe(wanted);
});

const declared = (...names: readonly string[]) =>
  names.map((text) => {
    const [name = "", ...profiles] = text.split("@");
    return { name, profiles };
  });

test.each([
  [declared("db", "test"), undefined, "test"],
  [declared("db", "tests", "e2e@test"), undefined, "tests"],
  [declared("db", "e2e@test"), undefined, "e2e"],
  [declared("db", "test"), "db", "db"],
])("of %j and the name %j, %s is tested", (services, named, wanted) => {
  expect(chooseTested({ name: "fleet" }, services, named)).toBe(wanted);
});

test.each([
  [declared("db", "a@test", "b@test"), undefined, "COMPOSE_TEST_UNNAMED"],
  [declared("db"), undefined, "COMPOSE_TEST_UNNAMED"],
  [declared("db"), "dbb", "COMPOSE_UNKNOWN_SERVICE"],
])("of %j and the name %j, none is: %s", (services, named, code) => {
  expect(() => chooseTested({ name: "fleet" }, services, named)).toThrow(expect.objectContaining({ code }) as Error);
});

const { count, seed, label } = readRandomRun("OTTO_CASES", 500);
test(`no companion needs the tested service, and each other one does, ${label}`, () => {
  const next = createRandom(seed);
  for (let n = 0; n < count; n += 1) {
    const size = 1 + next(8);
    const services = Array.from({ length: size }, (_, at) => {
      const needed = Array.from({ length: at === 0 ? 0 : next(3) }, () => `s${next(at)}`);
      return { ...(declare(`s${at}`)[0] as Declared), dependsOn: needed.map(dependencyOn) };
    });
    const tested = `s${next(size)}`;
    const companions = companionsOf(services, tested);
    for (const { name, dependsOn } of services) {
      const follows = dependsOn.some(({ service }) => !companions.includes(service));
      expect(companions.includes(name)).toBe(name !== tested && !follows);
    }
  }
});
