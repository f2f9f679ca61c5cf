import { Secret } from "@otto/errors";
import { expect, test } from "vitest";
import { nameContent } from "./content-names.js";

const place = { project: "shop", clusterId: "c1" };
const nameOf = async (kind: "config" | "secret", text: string, more: Partial<typeof place> = {}, key = "app") =>
  (await nameContent({ kind, key, data: new Secret(text) }, { ...place, ...more })).name;

test.each(["config", "secret"] as const)("other bytes of a %s have another name, equal ones the same", async (kind) => {
  const name = await nameOf(kind, "one");
  expect(name).toMatch(/^shop_app_[0-9a-f]{16}$/);
  expect(await nameOf(kind, "one")).toBe(name);
  expect(await nameOf(kind, "two")).not.toBe(name);
});

test("a secret's name is another in another swarm, stack and place, so that no table of passwords fits", async () => {
  const names = await Promise.all([
    nameOf("secret", "1234"),
    nameOf("secret", "1234", { clusterId: "c2" }),
    nameOf("secret", "1234", { project: "shop2" }),
    nameOf("secret", "1234", {}, "other"),
  ]);
  expect(new Set(names.map((name) => name.slice(-16))).size).toBe(4);
});

test("a name is never longer than a swarm allows, and two long ones differ", async () => {
  const project = "p".repeat(50);
  const names = await Promise.all(
    ["a", "b"].map((end) => nameOf("config", "x", { project }, `${"k".repeat(20)}${end}`)),
  );
  for (const name of names) expect(name.length).toBeLessThanOrEqual(64);
  expect(new Set(names).size).toBe(2);
});
