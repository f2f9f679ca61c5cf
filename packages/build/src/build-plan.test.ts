import type { ImageInfo } from "@otto/engine";
import { OttoError } from "@otto/errors";
import { expect, test } from "vitest";
import { formatBuildStep, hashLabel, planFinish, planImage, refusePulled, type WantedImage } from "./build-plan.js";

const hash = "ab".repeat(32);
const wanted = {
  image: { name: "api" },
  context: { hash, reach: { kind: "whole" }, namedContexts: [] },
  tag: "r-api:abab",
  latestTag: "r-api:latest",
} as unknown as WantedImage;
const image = (labels: Record<string, string>) => ({
  id: "sha256:1",
  tags: [],
  digests: [],
  labels,
  architecture: "amd64",
});

test.each([
  ["nothing there", undefined, false, "api: build r-api:abab (no image with this hash is there)"],
  ["the same inputs", image({ [hashLabel]: hash }), false, "api: skip r-api:abab (the image with this hash is there)"],
  ["the same inputs, rebuild", image({ [hashLabel]: hash }), true, "api: build r-api:abab (asked to rebuild)"],
  [
    "a foreign image",
    image({}),
    false,
    "api: build r-api:abab (the image under this tag was not built from these inputs)",
  ],
  [
    "a hash that only begins alike",
    image({ [hashLabel]: `${hash.slice(0, 16)}${"0".repeat(48)}` }),
    false,
    "api: build r-api:abab (the image under this tag was not built from these inputs)",
  ],
])("with %s", (_, observed, rebuild, line) => {
  expect(formatBuildStep(planImage(wanted, observed, { rebuild, registryUrl: undefined }))).toBe(line);
});

test("a context that cannot be read prints why", () => {
  const error = new OttoError("CONTEXT_NOT_FOUND", "the build context is missing");
  expect(formatBuildStep({ do: "fail", image: "api", cause: error.message, error })).toBe(
    "api: fail (the build context is missing)",
  );
});

test.each([
  ["nothing there", undefined, {}, "api: pull r-api:abab (no image with this hash is there; the registry may have it)"],
  [
    "nothing there, push",
    undefined,
    { push: true },
    "api: pull and push r-api:abab (no image with this hash is there; the registry may have it)",
  ],
  ["nothing there, rebuild", undefined, { rebuild: true }, "api: build r-api:abab (asked to rebuild)"],
  ["the same inputs", image({ [hashLabel]: hash }), {}, "api: skip r-api:abab (the image with this hash is there)"],
  [
    "the same inputs, push",
    image({ [hashLabel]: hash }),
    { push: true },
    "api: skip and push r-api:abab (the image with this hash is there)",
  ],
  [
    "a foreign image",
    image({}),
    {},
    "api: build r-api:abab (the image under this tag was not built from these inputs)",
  ],
])("with a registry and %s", (_, observed, options, line) => {
  const step = planImage(wanted, observed, { rebuild: false, registryUrl: "r.example", ...options });
  expect(formatBuildStep(step)).toBe(line);
});

test("an image's settings have it pushed unless the call says otherwise", () => {
  const pushed = { ...wanted, image: { ...wanted.image, push: true } };
  const plan = (push?: boolean) => planImage(pushed, undefined, { rebuild: false, push, registryUrl: "r.example" });
  expect([plan(), plan(false)]).toMatchObject([{ push: true }, { push: false }]);
});

test.each([undefined, "", "docker.io"])(
  "with the registry %j a push is refused and nothing else is changed",
  (registryUrl) => {
    const plan = (push: boolean) => planImage(wanted, undefined, { rebuild: false, push, registryUrl });
    expect([plan(true), plan(false)]).toMatchObject([
      { do: "fail", error: { code: "BUILD_NO_REGISTRY" } },
      { do: "build" },
    ]);
  },
);

test.each([
  ["pull", { pull: true }, "api: build r-api:abab (asked for newer base images)", "sha256:1"],
  ["no cache", { pull: true, noCache: true }, "api: build r-api:abab (asked to build without the cache)", undefined],
])("what is there is built when %s is asked for", (_, options, line, refreshes) => {
  const step = planImage(wanted, image({ [hashLabel]: hash }), {
    rebuild: false,
    registryUrl: "r.example",
    ...options,
  });
  expect(formatBuildStep(step)).toBe(line);
  expect(step).toMatchObject({ refreshes, isForced: true });
});

test("`:latest` comes to mean the wanted image unless it does, and both tags are pushed behind it", () => {
  const tagged = { do: "tag", source: "r-api:abab", target: "r-api:latest" };
  const pushed = ["r-api:abab", "r-api:latest"].map((tag) => ({ do: "push", tag }));
  const finish = (observed: ImageInfo | undefined, push: boolean) => {
    const step = planImage(wanted, observed, { rebuild: false, push, registryUrl: "r.example" });
    return step.do === "fail" ? undefined : planFinish(step);
  };
  const there = image({ [hashLabel]: hash });
  const latest = { ...there, tags: ["r-api:abab", "r-api:latest"] };
  expect(finish(undefined, false)).toEqual([tagged]);
  expect(finish(undefined, true)).toEqual([tagged, ...pushed]);
  expect(finish(there, false)).toEqual([tagged]);
  expect(finish(latest, false)).toEqual([]);
  expect(finish(latest, true)).toEqual(pushed);
  // Of an image that was built anew.
  expect(finish({ ...latest, labels: {} }, false)).toEqual([tagged]);
});

const foreign = "in the registry was not built from these inputs";
test.each([
  ["with the hash in its label", { [hashLabel]: hash }, "amd64", undefined, undefined],
  ["with another hash", { [hashLabel]: "0".repeat(64) }, "amd64", undefined, foreign],
  ["without a label", {}, "amd64", undefined, foreign],
  ["of another architecture", { [hashLabel]: hash }, "arm64", undefined, "in the registry is for amd64"],
  ["of the platform in the settings", { [hashLabel]: hash }, "arm64", "linux/amd64", undefined],
])("a pulled image %s", (_, labels, architecture, platform, refusal) => {
  const asked = { ...wanted, image: { ...wanted.image, ...(platform !== undefined && { platform }) } };
  expect(refusePulled(asked, image(labels), architecture)).toBe(refusal);
});

test("an image that is gone once it was pulled is not the wanted one", () => {
  expect(refusePulled(wanted, undefined, "amd64")).toBe(foreign);
});
