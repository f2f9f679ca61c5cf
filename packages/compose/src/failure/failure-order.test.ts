import { expect, test } from "vitest";
import { findWaiting, orderByNeed } from "./failure-order.js";

const service = (name: string, ...needs: readonly string[]) => ({
  name,
  dependsOn: needs.map(
    (needed) => ({ service: needed, condition: "service_started", required: true, restart: false }) as const,
  ),
  sharesWith: [],
});
const stack = [service("web", "api"), service("api", "db"), service("db"), service("side", "absent")];

test("what another needs comes before it", () => {
  expect(orderByNeed(stack).map(({ name }) => name)).toEqual(["db", "api", "web", "side"]);
});

test("services that need each other are each there once", () => {
  const circle = [service("a", "b"), service("b", "a")];
  expect(orderByNeed(circle).map(({ name }) => name)).toEqual(["b", "a"]);
});

test("a service waits for the failed ones that it needs, also through others", () => {
  const wait = (failed: readonly string[], candidates: readonly string[]) =>
    findWaiting(stack, { failed: new Set(failed), candidates: new Set(candidates) });
  expect(wait(["db"], ["web", "api", "side"])).toEqual([
    { service: "web", for: ["db"] },
    { service: "api", for: ["db"] },
  ]);
  expect(wait(["db", "api"], ["web", "api"])).toEqual([{ service: "web", for: ["api"] }]);
  expect(wait([], ["web"])).toEqual([]);
});
