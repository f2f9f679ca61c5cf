import type { ComposeService } from "@otto/compose-files";
import { expect, test } from "vitest";
import type { PlacedStack, Stack } from "../declared/stack.js";
import type { UpPlan } from "../plan/operations.js";
import { adviseImage, findMissing, imageMissing } from "./missing-images.js";

const services = [
  { name: "known", hasBuild: true },
  { name: "foreign", image: "other:1", hasBuild: true },
  { name: "absent", hasBuild: true },
  { name: "plain", image: "other:1", hasBuild: false, enabled: true },
  { name: "debug", image: "debug:1", hasBuild: false, enabled: false },
] as unknown as readonly ComposeService[];

test("what is to be started, is built and has no image is not there without building", () => {
  const stack = { project: "p", files: { services } } as unknown as Stack;
  const plan = ["absent", "plain", "known"].map((service) => ({ do: "create", service, run: {} })) as unknown as UpPlan;
  const missing = findMissing(stack, { "p-known": { id: "1", build: "" } }, plan);
  expect(missing.map(({ name }) => name)).toEqual(["absent"]);
});

const placed = (images: readonly object[]) =>
  ({
    ...{ project: "p", files: { services }, parent: { id: "pepper" } },
    repo: { name: "r", docker: { registryUrl: undefined, images } },
  }) as unknown as PlacedStack;

test("an image that is absent is told beside those that the settings have", () => {
  const both = placed([{ name: "api" }, { name: "web" }]);
  const advice =
    "The image other:1 of the service plain was not on pepper; those of the settings are r-api:latest, r-web:latest.";
  // Compose 2.26.1.
  for (const output of [" plain Pulling \n plain Error Get ", "Error response from daemon: No such image: other:1\n"])
    expect(adviseImage(both, {}, output)).toBe(advice);
  expect(adviseImage(placed([]), {}, " plain Pulling \n")).toBeUndefined();
  expect(adviseImage(both, { "other:1": { id: "1", build: "" } }, " plain Pulling \n")).toBeUndefined();
  const others = ["Error response from daemon: network x not found\n", " debug Pulling \n"];
  for (const output of others) expect(adviseImage(both, {}, output)).toBeUndefined();
});

test("an image that would have to be built is named with its service, and what compose said where it tried", () => {
  const [known] = services as [ComposeService];
  const details = { host: "pepper", service: "known", image: "p-known" };
  expect(imageMissing(placed([]), known)).toMatchObject({ code: "COMPOSE_IMAGE_MISSING", details });
  expect(imageMissing(placed([]), known).details).toEqual(details);
  expect(imageMissing(placed([]), known, "denied").details).toEqual({ ...details, output: "denied" });
});
