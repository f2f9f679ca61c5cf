import type { ComposeService } from "@otto/compose-files";
import { expect, test } from "vitest";
import { pullsMissing, refreshCause, refreshMs } from "./images.js";

test.each([
  ["daily", 86_400_000],
  ["weekly", 604_800_000],
  ["every_90s", 90_000],
  ["every_1w2d3h4m5s", 788_645_000],
  ["every_", undefined],
  ["every_1y", undefined],
  ["always", undefined],
  [undefined, undefined],
])("%s", (policy, expected) => {
  expect(refreshMs(policy)).toBe(expected);
});

const service = (pullPolicy: string | undefined, changes: Partial<ComposeService> = {}) =>
  ({ name: "a", image: "a:1", hasBuild: false, pullPolicy, ...changes }) as ComposeService;

test("an image is asked for again when its time is over", () => {
  const now = Date.parse("2026-03-02T12:00:00Z");
  const image = (taggedAt?: string) => ({ id: "1", build: "", taggedAt: taggedAt ? Date.parse(taggedAt) : undefined });
  const yesterday = image("2026-03-01T11:00:00Z");
  const today = image("2026-03-01T13:00:00Z");
  expect(refreshCause(service("daily"), yesterday, now)).toBe("its pull_policy is daily");
  expect(refreshCause(service("daily"), today, now)).toBeUndefined();
  expect(refreshCause(service("daily"), image(), now)).toBe("its pull_policy is daily");
  expect(refreshCause(service("daily"), undefined, now)).toBeUndefined();
  expect(refreshCause(service("weekly"), yesterday, now)).toBeUndefined();
  expect(refreshCause(service("always"), today, now)).toBe("its pull_policy is always");
  expect(refreshCause(service("always", { hasBuild: true }), today, now)).toBeUndefined();
  expect(refreshCause(service("missing"), yesterday, now)).toBeUndefined();
});

test("a missing image is taken from a registry unless it is built or that is forbidden", () => {
  expect([undefined, "missing", "daily", "always"].map((policy) => pullsMissing(service(policy), true))).toEqual(
    Array(4).fill(true),
  );
  expect(["never", "build"].map((policy) => pullsMissing(service(policy), true))).toEqual([false, false]);
  const built = service(undefined, { hasBuild: true });
  expect([pullsMissing(built, true), pullsMissing(built, false)]).toEqual([false, true]);
  expect(pullsMissing(service(undefined, { hasBuild: true, image: undefined }), false)).toBe(false);
});
