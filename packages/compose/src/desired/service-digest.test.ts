import { Secret } from "@otto/errors";
import { expect, test } from "vitest";
import { stringify } from "yaml";
import { compareDigests, digestServices, formatDigest } from "./service-digest.js";

const model = {
  services: {
    api: {
      image: "a:1",
      depends_on: { db: { condition: "service_started" } },
      volumes: [
        { type: "bind", source: "/c/repo/f", target: "/f" },
        { type: "bind", source: "/c/repo/d", target: "/d" },
      ],
      secrets: [{ source: "s" }],
    },
    job: { image: "web:1" },
    web: { image: "web:1", build: { context: "/c/repo/web", dockerfile: "Dockerfile" } },
    far: { build: { context: "/c/repo/web", dockerfile: "../f" } },
    upon: { build: { context: "/c/repo/none", additional_contexts: { base: "service:web" } } },
  },
  secrets: { s: { environment: "TOKEN" } },
};
const manifest = {
  "repo/f": "file 644 1",
  "repo/d": "dir 755",
  "repo/web": "dir 755",
  "repo/d/x": "file 644 1",
  "repo/web/Dockerfile": "file 644 1",
};
const built = new Map([
  ["web", new Set(["repo/web", "repo/web/Dockerfile", "repo/web/x"])],
  ["far", new Set(["repo/web", "repo/web/y", "repo/f", "repo/f.dockerignore"])],
]);
const builders = new Map([["job", "web"]]);
const contentVariables = new Map([["TOKEN", new Secret("t")]]);

function digests(
  changes: { model?: object; manifest?: Record<string, string>; contentVariables?: ReadonlyMap<string, Secret> } = {},
) {
  const text = JSON.stringify({ ...model, ...changes.model });
  return digestServices(text, {
    directory: "/c",
    built,
    builders,
    manifest: { ...manifest, ...changes.manifest },
    contentVariables: changes.contentVariables ?? contentVariables,
  });
}

function cause(service: string, changes: Parameters<typeof digests>[0]): string | undefined {
  const [before, after] = [digests().get(service), digests(changes).get(service)];
  if (before === undefined || after === undefined) throw new Error("no such service");
  return compareDigests(formatDigest(before), after);
}

const policed = { ...model.services.job, pull_policy: "always" };
test.each<[string, string, Parameters<typeof digests>[0], string | undefined]>([
  ["nothing", "api", {}, undefined],
  ["a file that it mounts", "api", { manifest: { "repo/f": "file 644 2" } }, "a file that it mounts changed"],
  ["a file in a directory that it mounts", "api", { manifest: { "repo/d/x": "file 644 2" } }, undefined],
  ["the permissions of a directory that it mounts", "api", { manifest: { "repo/d": "dir 700" } }, undefined],
  ["the permissions of a directory in its build context", "web", { manifest: { "repo/web": "dir 700" } }, undefined],
  [
    "an empty directory in its build context",
    "web",
    { manifest: { "repo/web/x": "dir 755" } },
    "its build context changed",
  ],
  [
    "a variable that it does not name",
    "api",
    {
      contentVariables: new Map([
        ["TOKEN", new Secret("t")],
        ["OTHER", new Secret("x")],
      ]),
    },
    undefined,
  ],
  ["its pull_policy", "job", { model: { services: { ...model.services, job: policed } } }, undefined],
  ["a secret's value", "api", { contentVariables: new Map([["TOKEN", new Secret("u")]]) }, "its settings changed"],
  ["another service's build context", "api", { manifest: { "repo/web/x": "file 644 1" } }, undefined],
  ["its build context", "web", { manifest: { "repo/web/x": "file 644 1" } }, "its build context changed"],
  [
    "the build context of another that makes its image",
    "job",
    { manifest: { "repo/web/x": "file 644 1" } },
    "its build context changed",
  ],
  ["what its build ignores", "web", { manifest: { "repo/web/y": "file 644 1" } }, undefined],
  [
    "what another build of its context ignores",
    "far",
    { manifest: { "repo/web/y": "file 644 1" } },
    "its build context changed",
  ],
  ["its Dockerfile elsewhere", "far", { manifest: { "repo/f": "file 644 2" } }, "its build context changed"],
  [
    "the image of a service that it is built upon",
    "upon",
    { manifest: { "repo/web/x": "file 644 1" } },
    "its build context changed",
  ],
  ["that one's rules", "far", { manifest: { "repo/f.dockerignore": "file 644 2" } }, "its build context changed"],
])("a change of %s is noticed where it matters", (_, service, changes, expected) => {
  expect(cause(service, changes)).toBe(expected);
});

test("the same stack printed as YAML is the same", () => {
  const text = stringify(model);
  expect(digestServices(text, { directory: "/c", manifest, built, builders, contentVariables })).toEqual(digests());
});

test("the same stack in another directory is the same", () => {
  const elsewhere = JSON.stringify(model).replaceAll("/c/", "/tmp/x/");
  expect(digestServices(elsewhere, { directory: "/tmp/x", manifest, built, builders, contentVariables })).toEqual(
    digests(),
  );
});

test("a service's digest names the networks that Compose makes for it, and what their settings are", () => {
  const services = { api: { networks: { front: null, shared: null } } };
  const networksOf = (front: object) => {
    const networks = {
      front: { name: "p_front", ...front },
      shared: { name: "s", external: true },
      back: { name: "b" },
    };
    return digests({ model: { services, networks } }).get("api")?.networks;
  };
  const [plain, internal] = [networksOf({}), networksOf({ internal: true })];
  expect(plain).toEqual({ front: { name: "p_front", settings: expect.stringMatching(/^[0-9a-f]{12}$/) } });
  expect(internal?.front?.settings).not.toBe(plain?.front?.settings);
  expect(networksOf({})).toEqual(plain);
});
