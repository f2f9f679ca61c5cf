import type { ImageResult } from "@otto/build";
import { OttoError } from "@otto/errors";
import { expect, test } from "vitest";
import { summarizeBuild } from "./build-log.js";

const of = (source: "present" | "pulled" | "built"): ImageResult => ({
  ...{ status: source === "built" ? "success" : "skipped", source, pushed: false, durationMs: 1 },
  ...{ message: "api:1", tag: "api:1", hash: "0" },
});
const failed: ImageResult = { status: "failed", message: "RUN", error: new OttoError("ENGINE_BUILD_FAILED", "RUN") };

test("a line of a build names what was built, pulled and failed, and not what was there", () => {
  expect(summarizeBuild({ api: of("built"), web: of("present"), db: of("pulled"), gen: failed })).toEqual({
    text: "api built, db pulled, gen failed",
    failed: "ENGINE_BUILD_FAILED",
  });
});

test("where all images were there, there is no line", () => {
  expect(summarizeBuild({ api: of("present"), web: of("present") })).toBeUndefined();
  expect(summarizeBuild({})).toBeUndefined();
});
