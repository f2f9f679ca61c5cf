import { OttoError } from "@otto/errors";
import { expect, test } from "vitest";
import { type BuildStep, formatBuildStep, planImage, type WantedImage } from "./build-plan.js";
import { type OwnPlan, planSharing } from "./build-sharing.js";

const hash = "ab".repeat(32);

function wantedImage(name: string, settings: object = {}): WantedImage {
  const context = { hash, reach: { kind: "whole" }, namedContexts: [] };
  const tags = { tag: `r.example/p-${name}:abab`, latestTag: `r.example/p-${name}:latest` };
  return { image: { name, ...settings }, context, bases: [], ...tags } as unknown as WantedImage;
}

const here = { id: "sha256:1", tags: [], digests: [], labels: { "otto.context-hash": hash }, architecture: "amd64" };

interface Own {
  readonly has?: boolean;
  readonly architecture?: string;
  readonly settings?: object;
  readonly isDown?: boolean;
  readonly rebuild?: boolean;
}

function ownStep(registryUrl: string | undefined, { has = false, settings, isDown, rebuild = false }: Own): BuildStep {
  if (isDown)
    return { do: "fail", image: "api", cause: "down", error: new OttoError("ENGINE_UNREACHABLE", "down", {}) };
  return planImage(wantedImage("api", settings), has ? here : undefined, { rebuild, registryUrl });
}

function share(parents: Readonly<Record<string, Own>>, registryUrl: string | undefined = "r.example") {
  const plans = Object.entries(parents).map(([parentId, own]): OwnPlan => {
    const { architecture = "amd64" } = own;
    return { parentId, architecture, steps: [ownStep(registryUrl, own)] };
  });
  return planSharing(plans, registryUrl).map(([step], index) => ({ id: plans[index]?.parentId, step }));
}

const tag = "r.example/p-api:abab";
const lines = (...given: Parameters<typeof share>) =>
  share(...given).map(({ id, step }) => `${id} ${step && formatBuildStep(step)}`.replace(` ${tag}`, ""));

const absent = "no image with this hash is there";

test("the first provides what no parent has, the others pull it", () => {
  expect(lines({ a: {}, b: {}, c: {} })).toEqual([
    `a api: pull (${absent}; the registry may have it; else built here and pushed for b, c)`,
    `b api: pull (${absent}; a provides it through the registry)`,
    `c api: pull (${absent}; a provides it through the registry)`,
  ]);
});

test("a parent that has the image provides it, and further ones that have it take no part", () => {
  expect(lines({ a: {}, b: { has: true }, c: { has: true } })).toEqual([
    `a api: pull (${absent}; b provides it through the registry)`,
    "b api: skip (the image with this hash is there; pushed for a)",
    "c api: skip (the image with this hash is there)",
  ]);
});

test("what each parent has is shared by none", () => {
  const line = (id: string) => `${id} api: skip (the image with this hash is there)`;
  expect(lines({ a: { has: true }, b: { has: true } })).toEqual([line("a"), line("b")]);
});

test("what the settings have pushed is pushed by the first that has it, even if each does", () => {
  const settings = { push: true };
  expect(lines({ a: { has: true, settings }, b: { has: true, settings } })).toEqual([
    "a api: skip and push (the image with this hash is there; pushed for b)",
    "b api: skip and push (the image with this hash is there; a provides it through the registry)",
  ]);
});

test("a rebuild is made by the first, and by the others only when those before them cannot", () => {
  const shared = share({ a: { has: true, rebuild: true }, b: { has: true, rebuild: true } });
  expect(shared).toMatchObject([
    { step: { do: "build", isForced: true, cause: "asked to rebuild; pushed for b" } },
    {
      step: {
        do: "pull",
        cause: "asked to rebuild; a provides it through the registry",
        takeOver: { do: "build", isForced: true, cause: "asked to rebuild" },
      },
    },
  ]);
});

test("a parent that is down has no part, and one that is left is on its own", () => {
  expect(lines({ a: { isDown: true }, b: {} })).toEqual([
    "a api: fail (down)",
    `b api: pull (${absent}; the registry may have it)`,
  ]);
});

test("parents of each architecture have a provider, and pull by digest: they push to one tag", () => {
  const arm = { architecture: "arm64" };
  const order = (...parentIds: string[]) => ({ step: { sharing: { parentIds, by: "digest" } } });
  const shared = share({ a: {}, b: arm, c: {}, d: arm });
  expect(shared).toMatchObject([order("a", "c"), order("b", "d"), order("a", "c"), order("b", "d")]);
});

test("with a platform in the settings the architectures of the parents do not matter", () => {
  const settings = { platform: "linux/arm64" };
  const sharing = { parentIds: ["a", "b"], by: "tag" };
  const shared = share({ a: { settings }, b: { settings, architecture: "arm64" } });
  expect(shared).toMatchObject([{ step: { sharing } }, { step: { sharing } }]);
});

test("of many others, three are named", () => {
  const ids = Array.from({ length: 12 }, (_, number) => `p${number}`);
  const [first] = lines(Object.fromEntries(ids.map((id) => [id, {}])));
  expect(first).toMatch(/pushed for p1, p2, p3 and 8 more\)$/);
});

test.each([undefined, "", "docker.io"])("with the registry %j each parent builds for itself", (registryUrl) => {
  const apart = (id: string) => `${id} api: build (${absent}; without a registry_url each parent builds for itself)`;
  expect(lines({ a: {}, b: {} }, registryUrl ?? "")).toEqual([apart("a"), apart("b")]);
  const alone = `b api: build (${absent})`;
  expect(lines({ a: { has: true }, b: {} }, registryUrl ?? "")).toEqual([
    "a api: skip (the image with this hash is there)",
    alone,
  ]);
});
