import { expect, test } from "vitest";
import { startDirectory } from "./start-directory.js";

test.each([
  [{}, "/cwd"],
  [{ npm_lifecycle_event: "otto", INIT_CWD: "/caller" }, "/caller"],
  [{ npm_lifecycle_event: "otto" }, "/cwd"],
  [{ npm_lifecycle_event: "test", INIT_CWD: "/caller" }, "/cwd"],
])("in %j the run starts in %s", (env, expected) => {
  expect(startDirectory("/cwd", env)).toBe(expected);
});
