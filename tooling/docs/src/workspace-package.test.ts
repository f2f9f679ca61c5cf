import { expect, test } from "vitest";
import { sortByDependency } from "./workspace-package.js";

test("a package comes after all that it depends on", () => {
  const packages = [
    { name: "a", own: ["c"] },
    { name: "b", own: [] },
    { name: "c", own: ["b"] },
  ];
  expect(sortByDependency(packages).map(({ name }) => name)).toEqual(["b", "c", "a"]);
});

test("packages that depend on one another are named", () => {
  const packages = [
    { name: "a", own: ["b"] },
    { name: "b", own: ["a"] },
  ];
  expect(() => sortByDependency(packages)).toThrow("these depend on one another: a, b");
});
