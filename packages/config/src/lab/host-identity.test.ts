import { expect, test } from "vitest";
import { slug } from "../document/slug.js";
import { formatHostId } from "./host-identity.js";

test.each([
  ["Lab X Server", "lab-x-server"],
  ["a__b..c", "a-b-c"],
  ["--a--", "a"],
  ["Ä1", "1"],
  ["carrot", "carrot"],
])("slug(%j) is %j", (text, expected) => {
  expect(slug(text)).toBe(expected);
});

test.each([
  [{ element: "carrot" }, "carrot"],
  [{ element: "dut", elementId: 0 }, "dut0"],
  [{ element: "pepper", board: "seed" }, "pepper_seed"],
  [{ element: "pepper", elementId: 2, board: "Seed", slot: 1 }, "pepper2_seed1"],
  [{ element: "pepper", slot: 1 }, "pepper"],
])("the id of %j is %s", (host, id) => {
  expect(formatHostId(host)).toBe(id);
});
