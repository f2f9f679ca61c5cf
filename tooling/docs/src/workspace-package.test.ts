import { expect, test } from "vitest";
import { sortByDependency } from "./workspace-package.js";

test("a package comes after all that it depends on, and after what its bundle holds", () => {
  const packages = [
    { name: "a", own: [], bundled: ["c"] },
    { name: "b", own: [], bundled: [] },
    { name: "c", own: ["b"], bundled: [] },
  ];
  expect(sortByDependency(packages).map(({ name }) => name)).toEqual(["b", "c", "a"]);
});

test("packages that depend on one another are named", () => {
  const packages = [
    { name: "a", own: ["b"], bundled: [] },
    { name: "b", own: ["a"], bundled: [] },
  ];
  expect(() => sortByDependency(packages)).toThrow("these depend on one another: a, b");
});
