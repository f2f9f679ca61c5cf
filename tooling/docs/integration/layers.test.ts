import { readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { closeLayers, formatLayers, hasBundle, type Layers, readDrawing, reduceLayers } from "@otto/docs";
import { globSync } from "tinyglobby";
import { expect, test } from "vitest";

type Names = Readonly<Record<string, string>>;
interface Manifest {
  readonly name: string;
  readonly files?: readonly string[];
  readonly dependencies?: Names;
  readonly devDependencies?: Names;
}

const root = resolve(import.meta.dirname, "../../..");
const read = (path: string) => readFileSync(join(root, path), "utf8");
const readJson = <T>(path: string) => JSON.parse(read(path)) as T;

// Each tag is that of one package.
const members = globSync("{packages,apps,tooling}/*/turbo.json", { cwd: root }).map((path) => {
  const { tags: [tag = ""] = [] } = readJson<{ tags?: string[] }>(path);
  return { tag, isPublished: !path.startsWith("tooling"), ...readJson<Manifest>(join(dirname(path), "package.json")) };
});
const published = members.filter(({ isPublished }) => isPublished);
const tagOf = new Map(members.map(({ name, tag }) => [name, tag]));
const lab = "@otto/lab";

/** What some packages name of each other in their package.json. */
function layersOf(some: typeof members, keyOf: (member: Manifest) => "dependencies" | "devDependencies"): Layers {
  const names = new Set(some.map(({ name }) => name));
  const othersOf = (it: Manifest) => new Set(Object.keys(it[keyOf(it)] ?? {}).filter((name) => names.has(name)));
  return new Map(some.map((it) => [it.name, othersOf(it)]));
}

const drawing = readDrawing(/## The layers.*?```mermaid\n(.*?)```/s.exec(read("docs/architecture.md"))?.[1] ?? "");

test("the drawing of the layers in docs/architecture.md has what packages depend on, and no arrow that others lead along", () => {
  const imports = layersOf(published, (it) => (hasBundle(it) ? "devDependencies" : "dependencies"));
  const testImports = layersOf(published, () => "devDependencies");
  expect(formatLayers(drawing.imports)).toEqual(formatLayers(reduceLayers(imports)));
  expect(formatLayers(drawing.testImports)).toEqual(formatLayers(reduceLayers(testImports, imports)));
});

test("turbo.json's boundaries let each package import what the drawing lets it, and the hosts of tests", () => {
  const { boundaries } = readJson<{
    boundaries: { tags: Readonly<Record<string, { dependencies: { allow: readonly string[] } }>> };
  }>("turbo.json");
  const allowed = Object.entries(boundaries.tags).map(([tag, it]) => [tag, new Set(it.dependencies.allow)] as const);
  const all = closeLayers(
    layersOf(members, () => "dependencies"),
    layersOf(members, () => "devDependencies"),
  );
  const drawn = closeLayers(drawing.imports, drawing.testImports);
  const wanted = members.map(({ name, tag, isPublished }) => {
    const others = [...(all.get(name) ?? [])].filter((it) => !isPublished || it === lab);
    return [tag, new Set([...others, ...(drawn.get(name) ?? [])].map((it) => tagOf.get(it) ?? it))] as const;
  });
  expect(formatLayers(new Map(allowed))).toEqual(formatLayers(new Map(wanted)));
});
