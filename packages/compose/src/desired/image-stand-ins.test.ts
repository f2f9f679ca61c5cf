import type { ComposeService } from "@otto/compose-files";
import { expect, test } from "vitest";
import { findBuilders } from "../declared/image-reference.js";
import type { Stack } from "../declared/stack.js";
import { withoutBuilding } from "./image-stand-ins.js";

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
  const builds = [...withoutBuilding(stack, { images, builders: findBuilders(stack), digests })].map(
    ([name, { build }]) => [name, build],
  );
  expect(Object.fromEntries(builds)).toEqual({ known: "then", foreign: "", absent: "", plain: "" });
});

test("without building, a service starts from what another built", () => {
  const shared = [
    { name: "web", image: "made:1", hasBuild: true, enabled: true },
    { name: "job", image: "made:1", hasBuild: false, enabled: true },
  ] as unknown as readonly ComposeService[];
  const stack = { project: "p", files: { services: shared } } as unknown as Stack;
  const digests = new Map(shared.map(({ name }) => [name, digest]));
  const images = { "made:1": { id: "1", build: "then" } };
  const then = { ...digest, build: "then" };
  const wanted = withoutBuilding(stack, { images, builders: findBuilders(stack), digests });
  expect(Object.fromEntries(wanted)).toEqual({ web: then, job: then });
});
