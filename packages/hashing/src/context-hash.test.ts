import fc from "fast-check";
import { expect, test } from "vitest";
import type { ContextEntry } from "./context-entry.js";
import { type ContextHashInputs, computeContextHash, hashOnBases } from "./context-hash.js";

const digest = "0".repeat(64);
const entries: readonly ContextEntry[] = [
  { path: "a", kind: "directory" },
  { path: "a/b", kind: "file", size: 1, executable: false, digest },
  { path: "c", kind: "symlink", target: "a" },
];
const base: ContextHashInputs = {
  dockerfile: { digest, contextPath: "Dockerfile" },
  entries,
  buildArgs: { A: "1", B: "2" },
  target: "prod",
  platform: "linux/amd64",
  namedContexts: [
    { name: "n", entries },
    { name: "r", reference: "docker-image://alpine" },
  ],
  secretIds: ["npm", "pip"],
  sshIds: ["default"],
  labels: { team: "red" },
  network: "host",
  addHosts: ["db=10.0.0.1", "db=10.0.0.2"],
  shmSize: "64m",
};

const without = (path: string) => entries.filter((entry) => entry.path !== path);
const other = "1".repeat(64);

test.each<[string, Partial<ContextHashInputs>]>([
  ["the Dockerfile's bytes", { dockerfile: { digest: other, contextPath: "Dockerfile" } }],
  ["the Dockerfile's place", { dockerfile: { digest, contextPath: "docker/Dockerfile" } }],
  ["the Dockerfile's moving out", { dockerfile: { digest } }],
  ["a path", { entries: [...without("c"), { path: "d", kind: "symlink", target: "a" }] }],
  ["a missing entry", { entries: without("c") }],
  ["a missing empty directory", { entries: without("a") }],
  ["a kind", { entries: [...without("c"), { path: "c", kind: "directory" }] }],
  [
    "a content",
    { entries: [...without("a/b"), { path: "a/b", kind: "file", size: 1, executable: false, digest: other }] },
  ],
  [
    "an executable bit",
    { entries: [...without("a/b"), { path: "a/b", kind: "file", size: 1, executable: true, digest }] },
  ],
  ["a link target", { entries: [...without("c"), { path: "c", kind: "symlink", target: "b" }] }],
  ["a build argument's value", { buildArgs: { A: "1", B: "3" } }],
  ["a build argument's name", { buildArgs: { A: "1", C: "2" } }],
  ["a build argument without value", { buildArgs: { A: "1", B: "" } }],
  ["a missing build argument", { buildArgs: { A: "1" } }],
  ["a label's value", { labels: { team: "blue" } }],
  ["no label", { labels: {} }],
  ["the network of steps", { network: "none" }],
  ["no network", { network: undefined }],
  ["the hosts of steps", { addHosts: ["db=10.0.0.1"] }],
  ["the order of hosts", { addHosts: ["db=10.0.0.2", "db=10.0.0.1"] }],
  ["the shared memory of steps", { shmSize: "65m" }],
  ["preserved times", { mtime: "preserve" }],
  ["the target", { target: "dev" }],
  ["no target", { target: undefined }],
  ["an empty target", { target: "" }],
  ["the platform", { platform: "linux/arm64" }],
  ["no platform", { platform: undefined }],
  [
    "a named context's name",
    {
      namedContexts: [
        { name: "m", entries },
        { name: "r", reference: "docker-image://alpine" },
      ],
    },
  ],
  [
    "a named context's entries",
    {
      namedContexts: [
        { name: "n", entries: [] },
        { name: "r", reference: "docker-image://alpine" },
      ],
    },
  ],
  [
    "a named context's reference",
    {
      namedContexts: [
        { name: "n", entries },
        { name: "r", reference: "docker-image://debian" },
      ],
    },
  ],
  ["a secret's id", { secretIds: ["npm", "gem"] }],
  ["a missing secret", { secretIds: ["npm"] }],
  ["a secret that becomes an ssh id", { secretIds: ["npm"], sshIds: ["default", "pip"] }],
  ["an ssh id", { sshIds: ["other"] }],
])("%s changes the hash", (_name, change) => {
  expect(computeContextHash({ ...base, ...change })).not.toBe(computeContextHash(base));
});

test("the order of entries, arguments, contexts and ids does not count", () => {
  const reversed: ContextHashInputs = {
    ...base,
    entries: entries.toReversed(),
    buildArgs: { B: "2", A: "1" },
    namedContexts: base.namedContexts?.toReversed(),
    secretIds: ["pip", "npm", "pip"],
  };
  expect(computeContextHash(reversed)).toBe(computeContextHash(base));
});

test("a list that is left out is an empty list", () => {
  const dockerfile = { digest };
  expect(
    computeContextHash({ dockerfile, entries: [], buildArgs: {}, namedContexts: [], secretIds: [], sshIds: [] }),
  ).toBe(computeContextHash({ dockerfile, entries: [] }));
});

// Texts that are made of the framing's own characters, so that a careless frame would run together.
const text = fc
  .array(fc.constantFrom("a", "1", ":", ";", "\0", ",", "\udcff", "é"), { maxLength: 4 })
  .map((parts) => parts.join(""));
const inputs = fc.record({
  dockerfile: fc.record({ digest: fc.constant(digest), contextPath: fc.option(text, { nil: undefined }) }),
  entries: fc.uniqueArray(
    fc.oneof(
      fc.record({ path: text, kind: fc.constant("directory" as const) }),
      fc.record({ path: text, kind: fc.constant("symlink" as const), target: text }),
    ),
    { maxLength: 3, selector: ({ path }) => path },
  ),
  buildArgs: fc.dictionary(text, text, { maxKeys: 2, noNullPrototype: true }),
  target: fc.option(text, { nil: undefined }),
  platform: fc.option(text, { nil: undefined }),
  namedContexts: fc.uniqueArray(fc.record({ name: text, reference: text }), {
    maxLength: 2,
    selector: ({ name }) => name,
  }),
  secretIds: fc.uniqueArray(text, { maxLength: 2 }),
  sshIds: fc.uniqueArray(text, { maxLength: 2 }),
  labels: fc.dictionary(text, text, { maxKeys: 2, noNullPrototype: true }),
  network: fc.option(text, { nil: undefined }),
  shmSize: fc.option(text, { nil: undefined }),
});

test("no two different inputs have one hash", () => {
  const seen = new Map<string, string>();
  fc.assert(
    fc.property(inputs, (input) => {
      const hash = computeContextHash(input);
      const canonical = JSON.stringify(sorted(input));
      expect(seen.get(hash) ?? canonical).toBe(canonical);
      seen.set(hash, canonical);
    }),
    { numRuns: 1000 },
  );
  expect(new Set(seen.values()).size).toBe(seen.size);
});

/** What of an input has no order, in one order; texts as their code units, for JSON writes lone surrogates its own way. */
function sorted(value: unknown): unknown {
  if (typeof value === "string") return Array.from({ length: value.length }, (_, at) => value.charCodeAt(at)).join(".");
  if (Array.isArray(value)) return value.map((item) => JSON.stringify(sorted(item))).sort();
  if (typeof value !== "object" || value === null) return value ?? "nothing";
  return sorted(Object.entries(value).map(([key, item]) => `${key}=${JSON.stringify(sorted(item))}`));
}

test("the hash of fixed inputs stays: a new way to write them down raises the schema version", () => {
  expect(computeContextHash({ dockerfile: { digest }, entries: [] })).toMatchInlineSnapshot(
    `"c69640d3d1ea83831f7c6ebcbb649794736186613454191342d3d3f0fc5193a7"`,
  );
  expect(computeContextHash(base)).toMatchInlineSnapshot(
    `"0c43dd5b23cd830cf12ef72a5e53470592d320c68dffa66055d448b9d644d1d9"`,
  );
});

test("the hash of an image that stands on others is made of its own and of theirs, by name", () => {
  const hashes = [
    hashOnBases(digest, []),
    hashOnBases(digest, [["a", other]]),
    hashOnBases(other, [["a", other]]),
    hashOnBases(digest, [["a", digest]]),
    hashOnBases(digest, [["b", other]]),
    hashOnBases(digest, [
      ["a", other],
      ["b", other],
    ]),
  ];
  expect(hashes[0]).toBe(digest);
  expect(new Set(hashes).size).toBe(hashes.length);
  const pairs: [string, string][] = [
    ["b", other],
    ["a", other],
  ];
  expect(hashOnBases(digest, pairs)).toBe(hashes[5]);
});
