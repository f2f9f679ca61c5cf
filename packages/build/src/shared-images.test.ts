import { OttoError } from "@otto/errors";
import { expect, test } from "vitest";
import type { BuildStep } from "./build-plan.js";
import { assignStep, isOfImage, SharedImages, type SharingEnd } from "./shared-images.js";

const error = new OttoError("ENGINE_BUILD_FAILED", "building it", {});
const sharing = { parentIds: ["a", "b", "c"], by: "tag" };
const common = { image: "api", tag: "r/p-api:abab", push: false, wanted: {} };
const forced = { do: "build", ...common, isForced: true, cause: "asked to rebuild" };
const alone = { do: "pull", ...common, cause: "missing" } as unknown as BuildStep;
const shared = { ...alone, sharing } as BuildStep;
const taker = { ...shared, takeOver: forced } as unknown as BuildStep;
const holder = { do: "skip", ...common, sharing } as unknown as BuildStep;

const pushed: SharingEnd = { is: "in registry", reference: "r/p-api@sha256:1" };

test.each<[string, BuildStep, SharingEnd | undefined, object]>([
  ["that is not shared", alone, undefined, { step: alone, role: "alone" }],
  ["that is this parent's to provide", shared, undefined, { step: shared, role: "provider" }],
  ["that nobody before it could provide", taker, undefined, { step: forced, role: "provider" }],
  ["that is pushed", taker, pushed, { step: taker, role: "taker", reference: "r/p-api@sha256:1" }],
  ["that is there and pushed", holder, pushed, { step: holder, role: "taker" }],
  ["that failed", taker, { is: "failed", error }, { step: { do: "fail", image: "api", error }, role: "alone" }],
  ["that each forcibly builds", taker, { is: "apart" }, { step: forced, role: "alone" }],
  ["that is there, without the registry", holder, { is: "apart" }, { step: holder, role: "alone" }],
])("a step %s", (_, step, earlier, expected) => {
  expect(assignStep(step, earlier)).toMatchObject(expected);
});

test("where the registry cannot be used, what was to be pulled is built", () => {
  const cause = expect.stringContaining("each parent builds for itself");
  const built = { do: "build", image: "api", cause, isForced: false, noCache: false, replacesForeign: false };
  expect(assignStep(shared, { is: "apart" })).toMatchObject({ role: "alone", step: built });
});

test.each([
  ["ENGINE_BUILD_FAILED", true],
  ["CONTEXT_CHANGED", true],
  ["BUILD_SECRET_MISSING", true],
  ["BUILD_REGISTRY_FAILED", true],
  ["DOCKER_CONFIG_INVALID", true],
  ["BUILD_FEATURE_UNSUPPORTED", false],
  ["ENGINE_UNREACHABLE", false],
  ["SSH_CONNECTION_LOST", false],
  ["HOST_LOCK_LOST", false],
])("%s fails the image on every parent: %j", (code, expected) => {
  expect(isOfImage(new OttoError(code, "x", {}))).toBe(expected);
});

function waitAs(images: SharedImages, parentId: string, signal?: AbortSignal) {
  const waited: string[] = [];
  const end = images.waitForEarlier(shared, parentId, { onWaiting: (id) => waited.push(id), signal });
  return { end, waited };
}

test("each waits for those before it until one has not given up", async () => {
  const images = new SharedImages();
  const [first, second, third] = ["a", "b", "c"].map((id) => waitAs(images, id));
  expect(await first?.end).toBeUndefined();
  images.tell("r/p-api:abab", "a", { is: "given up" });
  expect(await second?.end).toBeUndefined();
  images.tell("r/p-api:abab", "b", pushed);
  expect(await third?.end).toEqual(pushed);
  expect([first, second, third].map((one) => one?.waited)).toEqual([[], ["a"], ["a", "b"]]);
});

test("what is told first counts, and of another image nothing", async () => {
  const images = new SharedImages();
  images.tell("r/p-other:abab", "a", { is: "failed", error });
  images.tell("r/p-api:abab", "a", { is: "apart" });
  images.tell("r/p-api:abab", "a", { is: "given up" });
  expect(await waitAs(images, "b").end).toEqual({ is: "apart" });
});

test("who is alone waits for nobody, and an abort ends a wait", async () => {
  const images = new SharedImages();
  expect(await images.waitForEarlier(alone, "b", { onWaiting: () => {}, signal: undefined })).toBeUndefined();
  const controller = new AbortController();
  const { end } = waitAs(images, "b", controller.signal);
  controller.abort();
  await expect(end).rejects.toMatchObject({ name: "AbortError" });
});
