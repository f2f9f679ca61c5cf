import { expect, test } from "vitest";
import { parseYamlTrees } from "../text/yaml-tree.js";
import { findNeeds } from "./needs.js";
import type { Owner } from "./references.js";

const text = `
services:
  runs:
    secrets: [s, { source: t }]
    configs: [c]
    volumes: ["v:/v", { type: volume, source: w }, "./d:/d"]
    build: { context: ., secrets: [b] }
  active: { secrets: [other], volumes: ["other:/x"] }
`;

test("what runs needs all of its own, what is only active its files of variables and labels", () => {
  const { trees } = parseYamlTrees({ text, file: "c.yml", documentId: "d", base: "/", lookup: () => undefined });
  const [tree] = trees;
  if (tree === undefined) throw new Error("empty");
  const needs = findNeeds(tree, { active: new Set(["runs", "active"]), enabled: new Set(["runs"]) });
  const needed = (section: Owner["section"], names: readonly string[]) =>
    names.filter((name) => needs({ section, name }, "secret"));
  expect(needed("secrets", ["s", "t", "b", "other", "c"])).toEqual(["s", "t", "b"]);
  expect(needed("configs", ["c", "s"])).toEqual(["c"]);
  expect(needed("volumes", ["v", "w", "other", "./d"])).toEqual(["v", "w", "./d"]);
  const kinds = (["env_file", "label_file", "bind", "build"] as const).map((kind) =>
    ["runs", "active", "off"].filter((name) => needs({ section: "services", name }, kind)).join(),
  );
  expect(kinds).toEqual(["runs,active", "runs,active", "runs", "runs"]);
});
