import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type Schema, schemaKeys } from "../../integration/schema-keys.js";
import { documentKeys, matchesKey, otherKeys } from "./keys.js";
import { pathFinders } from "./references.js";

/** The Compose Specification's (Apache-2.0), as dclint (MIT) carries it; the version is pinned with that. */
const require = createRequire(import.meta.url);
const schemaFile = join(require.resolve("dclint/package.json"), "../schemas/compose.schema.json");
const keys = schemaKeys(JSON.parse(readFileSync(schemaFile, "utf8")) as Schema);

const knownKeys = (finders = pathFinders) => [
  ...documentKeys,
  ...finders.flatMap(({ section, keys: found }) => found.map((key) => `${section}.*.${key}`)),
  ...otherKeys,
];
const unknownKeys = (patterns: readonly string[]) =>
  keys.filter((key) => !patterns.some((pattern) => matchesKey(pattern, key.split("."))));

/** In compose-go 2.13, and not yet in that schema. */
const newer = ["services.*.build.no_cache_filter", "services.*.build.provenance", "services.*.build.sbom"];

test("of every key of the specification it is known whether it names something that is sent", () => {
  expect(keys.length).toBeGreaterThan(300);
  expect(unknownKeys(knownKeys())).toEqual([]);
});

test("the tables name each key once, and none that the specification does not have", () => {
  const known = knownKeys();
  expect(known).toEqual([...new Set(known)]);
  const gone = known.filter((pattern) => !keys.some((key) => matchesKey(pattern, key.split("."))));
  expect(gone.filter((key) => !key.startsWith("services.*.pre_start."))).toEqual(newer);
});

test.each([
  ["a.*.b", "a.x.b", true],
  ["a.*.b", "a.x", false],
  ["a.*.b", "a.x.b.c", false],
  ["a.b.*", "a.b.c", true],
  ["a.b.*", "a.b", true],
  ["a.b.*", "a.b.c.d", false],
  ["a.b.*", "a", false],
  ["a.b", "a.c", false],
])("%s stands for %s: %s", (pattern, key, matches) => {
  expect(matchesKey(pattern, key.split("."))).toBe(matches);
});

test.each(pathFinders.map((finder) => [`${finder.section}.*.${finder.keys.join(", ")}`, finder] as const))(
  "without its finder %s is red",
  (_, finder) => {
    const unknown = unknownKeys(knownKeys(pathFinders.filter((one) => one !== finder)));
    const own = knownKeys([finder]).filter((key) => !documentKeys.includes(key) && !otherKeys.includes(key));
    expect(unknown.length).toBeGreaterThan(0);
    expect(unknown.every((key) => own.some((pattern) => matchesKey(pattern, key.split("."))))).toBe(true);
  },
);
