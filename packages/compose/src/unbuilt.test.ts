import type { ComposeService } from "@otto/compose-files";
import { expect, test } from "vitest";
import type { Stack } from "./stack.js";
import { withoutBuilding } from "./unbuilt.js";

const digest = { settings: "s", files: "f", build: "now" };
const services = [
  { name: "known", hasBuild: true },
  { name: "foreign", image: "other:1", hasBuild: true },
  { name: "absent", hasBuild: true },
  { name: "plain", image: "other:1", hasBuild: false },
] as unknown as readonly ComposeService[];

test("without building, containers are of the context that their image was built from", () => {
  const stack = { project: "p", files: { services } } as unknown as Stack;
  const images = { "p-known": { id: "1", build: "then" }, "other:1": { id: "2", build: "" } };
  const digests = new Map(services.map(({ name, hasBuild }) => [name, hasBuild ? digest : { ...digest, build: "" }]));
  const builds = [...withoutBuilding(stack, images, digests)].map(([name, { build }]) => [name, build]);
  expect(Object.fromEntries(builds)).toEqual({ known: "then", foreign: "", absent: "", plain: "" });
});
