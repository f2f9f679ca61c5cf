import { expect, test } from "vitest";
import { formatVariables } from "./one-off.js";

test("variables of a one-off container are added to its service, and none of their text is interpolated", () => {
  const env = { A: "1", B: '"$HOME" $C $$', EMPTY: "" };
  expect(formatVariables({ service: "web", env })).toBe(
    '{"services":{"web":{"environment":{"A":"1","B":"\\"$$HOME\\" $$C $$$$","EMPTY":""}}}}',
  );
});
