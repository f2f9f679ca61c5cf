import { expect, test } from "vitest";
import { arrangeHostArguments } from "./host-arguments.js";

const takesValue = (flag: string) => ["--lab", "--user", "--env"].includes(flag);

test.each([
  ["host web exec ls", "host exec -- web ls"],
  ["host web exec -- ls -l", "host exec -- web ls -l"],
  ["host web exec ls -l --json", "host exec -- web ls -l --json"],
  ["host web exec --user root ls --user x", "host exec --user root -- web ls --user x"],
  ["host web exec --user=root ls", "host exec --user=root -- web ls"],
  ["--lab a --json host web exec -n ls", "host exec --lab a --json -n -- web ls"],
  ["host --json web run ls", "host run --json -- web ls"],
  ["host web exec -- sh -c x -- y", "host exec -- web sh -c x -- y"],
  ["host web exec", "host exec -- web"],
  ["host web exec --help", "host exec --help -- web"],
  ["host web exec --env", "host exec --env -- web"],
  ["host web put a b --mode 640", "host put web a b --mode 640"],
  ["--lab a host web put -- -a b", "host put --lab a web -- -a b"],
  ["host web", "host web"],
  ["host --help", "host --help"],
  ["docker up web exec", "docker up web exec"],
  ["--lab host docker up", "--lab host docker up"],
  ["", ""],
])("%j is read as %j", (given, expected) => {
  expect(arrangeHostArguments(given.split(" ").filter(Boolean), takesValue).join(" ")).toBe(expected);
});
