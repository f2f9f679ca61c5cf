import type { PlacedStack } from "@otto/compose";
import type { Repo } from "@otto/config";
import { expect, test } from "vitest";
import { requireEnabled } from "./stack-services.js";

const service = (name: string, rest: object = {}) => ({ name, enabled: true, replicas: 1, profiles: [], ...rest });
const services = [
  service("api"),
  service("debug", { enabled: false, profiles: ["dev"] }),
  service("off", { replicas: 0 }),
];
const repo = { name: "shop" } as Repo;
const stacks = [
  { files: { services: services.slice(0, 1) } },
  { files: { services: services.slice(1) } },
] as unknown as PlacedStack[];

test.each([
  ["apo", "using the stack of shop: it has no service apo", /^Did you mean "api"\? Its services: api, debug, off\.$/],
  ["debug", "using the stack of shop: its service debug is not enabled", /^Enable it: profiles: \["dev"\]\.$/],
  ["off", "using the stack of shop: its service off is not enabled", /^Give it at least one replica/],
])("a use of %s is refused", (name, message, hint) => {
  const hints = expect.stringMatching(hint);
  const refusal = expect.objectContaining({ code: "COMPOSE_UNKNOWN_SERVICE", message, hint: hints });
  expect(() => requireEnabled(repo, stacks, ["api", name])).toThrow(refusal);
});

test("services that are declared and enabled on one of several parents are fine, and so are none", () => {
  expect(() => requireEnabled(repo, stacks, ["api"])).not.toThrow();
  expect(() => requireEnabled(repo, stacks, [])).not.toThrow();
});
