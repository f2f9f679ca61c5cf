import type { DockerContainerHost } from "@otto/docker";
import { expect, expectTypeOf, type TestAPI, test } from "vitest";
import { stackFixtures } from "./fixtures.js";

test("hosts are typed by the services, beside one's own fixtures", () => {
  const extended = test.extend<{ mine: string }>({ mine: "mine" }).extend(stackFixtures({ services: ["api"] }));
  type Context = typeof extended extends TestAPI<infer Fixtures> ? Fixtures : never;
  expectTypeOf<Context["hosts"]>().toEqualTypeOf<Readonly<Record<"api", DockerContainerHost>>>();
  expectTypeOf<Context["mine"]>().toEqualTypeOf<string>();
  expect(extended).toBeTypeOf("function");
});

test("each scope is one that vitest knows", () => {
  const scopes = (["file", "worker", "run"] as const).map((scope) => stackFixtures({ scope }).suiteStack);
  expect(scopes).toEqual(["file", "worker", "worker"].map((scope) => [expect.any(Function), { scope }]));
});
