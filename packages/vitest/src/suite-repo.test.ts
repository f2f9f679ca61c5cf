import type { Repo } from "@otto/docker";
import { expect, test } from "vitest";
import { suiteRepo } from "./suite-repo.js";

const repos = [
  { name: "shop", root: "/work/shop" },
  { name: "inner", root: "/work/shop/inner" },
  { name: "bank", root: "/work/bank" },
] as unknown as readonly Repo[];

test.each([
  [undefined, "/work/shop/tests", "shop"],
  [undefined, "/work/shop/inner", "inner"],
  ["bank", "/work/shop", "bank"],
])("of name %s in %s it is %s", (name, cwd, expected) => {
  expect(suiteRepo(repos, { name, cwd }).name).toBe(expected);
});

test("the only one is taken from anywhere", () => {
  expect(suiteRepo(repos.slice(2), { cwd: "/" }).name).toBe("bank");
});

test("several that do not hold the suite are an error that lists them", () => {
  expect(() => suiteRepo(repos, { cwd: "/work/shopping" })).toThrow(
    expect.objectContaining({
      code: "VITEST_REPO_AMBIGUOUS",
      hint: "Name one with the option repo: shop, inner, bank.",
    }),
  );
});
