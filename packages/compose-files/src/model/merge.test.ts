import { expect, test } from "vitest";
import { type MapTree, parseYamlTrees, type Tree } from "../text/yaml-tree.js";
import { mergeServices, mergeTrees } from "./merge.js";

function parse(text: string): MapTree {
  const { trees } = parseYamlTrees({ text, file: "compose.yml", documentId: "d", base: "/", lookup: () => undefined });
  const [tree] = trees;
  if (tree === undefined) throw new Error("empty");
  return tree;
}

function plain(tree: Tree): unknown {
  if (tree.kind === "scalar") return tree.isNull ? null : tree.text;
  if (tree.kind === "seq") return tree.items.map(plain);
  return Object.fromEntries([...tree.entries].map(([name, value]) => [name, plain(value)]));
}

/** What the service `a` becomes when the second text goes over the first. */
function merge(base: string, over: string): unknown {
  const merged = mergeTrees(parse(`services: { a: ${base} }`), parse(`services: { a: ${over} }`));
  return (plain(merged) as { services: { a: unknown } }).services.a;
}

// As `docker compose config` shows them (2.26).
test.each([
  ["a later value wins", "{ image: x, user: u }", "{ image: y }", { image: "y", user: "u" }],
  ["null changes nothing", "{ image: x }", "{ image: }", { image: "x" }],
  ["lists grow", "{ cap_add: [A] }", "{ cap_add: [B] }", { cap_add: ["A", "B"] }],
  [
    "maps grow",
    "{ logging: { driver: x } }",
    "{ logging: { options: { o: 1 } } }",
    { logging: { driver: "x", options: { o: "1" } } },
  ],
  ["a command is replaced", "{ command: [a, b] }", "{ command: [c] }", { command: ["c"] }],
  ["an entrypoint is replaced", "{ entrypoint: [a] }", "{ entrypoint: b }", { entrypoint: "b" }],
  ["a command that is null is none", "{ command: [a] }", "{ command: }", { command: null }],
  [
    "a health check's test is replaced",
    "{ healthcheck: { test: [CMD, a], retries: 1 } }",
    "{ healthcheck: { test: [CMD, b] } }",
    { healthcheck: { test: ["CMD", "b"], retries: "1" } },
  ],
  ["extensions are replaced", "{ x-a: [1] }", "{ x-a: [2] }", { "x-a": ["2"] }],
  [
    "one value and a list are a list",
    "{ env_file: a, dns: 1, tmpfs: /a }",
    "{ env_file: [b], dns: [2], tmpfs: /b }",
    { env_file: ["a", "b"], dns: ["1", "2"], tmpfs: ["/a", "/b"] },
  ],
  [
    "assignments are a map, however they are written",
    "{ environment: [A=1, B=1, C] }",
    "{ environment: { B: 2 } }",
    { environment: { A: "1", B: "2", C: null } },
  ],
  ["labels too", "{ labels: { a: 1 } }", "{ labels: [a=2=3, b] }", { labels: { a: "2=3", b: null } }],
  [
    "names are a map",
    "{ depends_on: [x] }",
    "{ depends_on: { y: { condition: service_healthy } } }",
    { depends_on: { x: {}, y: { condition: "service_healthy" } } },
  ],
  [
    "a build in short is its context",
    "{ build: ./x }",
    "{ build: { target: t } }",
    { build: { context: "./x", target: "t" } },
  ],
  [
    "build arguments are assignments",
    "{ build: { args: [A=1] } }",
    "{ build: { args: { B: 2 } } }",
    { build: { args: { A: "1", B: "2" } } },
  ],
])("%s", (_, base, over, merged) => {
  expect(merge(base, over)).toEqual(merged);
});

test.each([
  ["a list", "{ volumes: [a:/a] }", "{ volumes: !override [b:/b] }", { volumes: ["b:/b"] }],
  [
    "a map",
    "{ logging: { driver: x, options: { o: 1 } } }",
    "{ logging: !override { driver: y } }",
    { logging: { driver: "y" } },
  ],
  ["assignments", "{ environment: [A=1] }", "{ environment: !override { B: 2 } }", { environment: { B: "2" } }],
  ["an empty list", "{ profiles: [p] }", "{ profiles: !override [] }", { profiles: [] }],
])("with !override the later %s stands alone", (_, base, over, merged) => {
  expect(merge(base, over)).toEqual(merged);
});

test("with !reset a value goes, and an item of a list too", () => {
  expect(merge("{ image: x, volumes: [a:/a] }", "{ volumes: !reset [] }")).toEqual({ image: "x" });
  expect(merge("{ cap_add: [A] }", "{ cap_add: [!reset B, C] }")).toEqual({ cap_add: ["A", "C"] });
  expect(merge("{ image: x }", "{ logging: { driver: !reset x, options: { o: 1 } } }")).toEqual({
    image: "x",
    logging: { options: { o: "1" } },
  });
});

test.each([
  [
    "volumes by their target",
    "{ volumes: ['a:/x', 'b:/y:ro'] }",
    "{ volumes: ['c:/x:ro', { source: d, target: /y }, /z] }",
    { volumes: ["c:/x:ro", { source: "d", target: "/y" }, "/z"] },
  ],
  ["an anonymous volume by itself", "{ volumes: [/x] }", "{ volumes: ['a:/x'] }", { volumes: ["a:/x"] }],
  [
    "secrets by where they are mounted",
    "{ secrets: [a, { source: b, target: /run/secrets/c }] }",
    "{ secrets: [c, { source: a }] }",
    { secrets: [{ source: "a" }, "c"] },
  ],
  [
    "configs by where they are mounted",
    "{ configs: [a] }",
    "{ configs: [{ source: b, target: /a }] }",
    { configs: [{ source: "b", target: "/a" }] },
  ],
  ["profiles by their name", "{ profiles: [p, q] }", "{ profiles: [q, r] }", { profiles: ["p", "q", "r"] }],
  [
    "files of variables by their path",
    "{ env_file: [a] }",
    "{ env_file: [{ path: a, required: false }] }",
    { env_file: [{ path: "a", required: "false" }] },
  ],
  ["files of labels by their path", "{ label_file: a }", "{ label_file: [a, b] }", { label_file: ["a", "b"] }],
])("%s are there once, as they were written last", (_, base, over, merged) => {
  expect(merge(base, over)).toEqual(merged);
});

test("what is there twice in one file is there once, and what only looks alike is not the same", () => {
  expect(merge("{}", "{ volumes: [a:/x, b:/x], cap_add: [A, A] }")).toEqual({ volumes: ["b:/x"], cap_add: ["A", "A"] });
});

test("outside of services, labels and address pools are replaced and the rest grows", () => {
  const base = parse(
    "networks: { n: { driver: x, labels: { a: 1 }, ipam: { config: [{ subnet: 1 }] } } }\nvolumes: { v: }",
  );
  const over = parse("networks: { n: { labels: { b: 2 }, ipam: { config: [{ subnet: 2 }] } } }\nvolumes: { w: {} }");
  expect(plain(mergeTrees(base, over))).toEqual({
    networks: { n: { driver: "x", labels: { b: "2" }, ipam: { config: [{ subnet: "2" }] } } },
    volumes: { v: null, w: {} },
  });
});

test("a service goes over the one that it extends by the same rules", () => {
  const base = parse("{ image: x, command: [a], volumes: [a:/x], environment: [A=1] }");
  const over = parse("{ command: [b], volumes: [b:/x], environment: { B: 2 } }");
  expect(plain(mergeServices(base, over))).toEqual({
    ...{ image: "x", command: ["b"], volumes: ["b:/x"], environment: { A: "1", B: "2" } },
  });
});

test("an assignment keeps its location, and what of it is its value", () => {
  const [, merged] =
    [...mergeTrees(parse("services: {}"), parse("services:\n  a:\n    environment:\n    - A=$X\n")).entries][0] ?? [];
  const at = (tree: Tree | undefined, ...keys: string[]): Tree | undefined =>
    keys.reduce<Tree | undefined>((found, key) => (found?.kind === "map" ? found.entries.get(key) : undefined), tree);
  expect(at(merged, "a", "environment", "A")).toMatchObject({
    prefix: "A=",
    raw: "$X",
    text: "",
    location: { line: 4 },
  });
});
