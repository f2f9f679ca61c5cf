import { readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { closeLayers, formatLayers, type Layers, readDrawing, reduceLayers } from "@otto/docs";
import { globSync } from "tinyglobby";
import { expect, test } from "vitest";

type Names = Readonly<Record<string, string>>;
interface Manifest {
  readonly name: string;
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
const names = new Set(members.map(({ name }) => name));
const tagOf = new Map(members.map(({ name, tag }) => [name, tag]));
const lab = "@otto/lab";

function layersOf(of: typeof members, dependencies: (it: Manifest) => Names | undefined): Layers {
  return new Map(
    of.map((it) => [it.name, new Set(Object.keys(dependencies(it) ?? {}).filter((name) => names.has(name)))]),
  );
}

const drawing = readDrawing(/## The layers.*?```mermaid\n(.*?)```/s.exec(read("docs/architecture.md"))?.[1] ?? "");
const imports = layersOf(members, (it) => it.dependencies);
const testImports = layersOf(members, (it) => it.devDependencies);

test("the drawing of the layers in docs/architecture.md has what packages depend on, and no arrow that others lead along", () => {
  const drawn = layersOf(published, (it) => it.dependencies);
  const inTests = layersOf(published, ({ devDependencies: { [lab]: _, ...others } = {} }) => others);
  expect(formatLayers(drawing.imports)).toEqual(formatLayers(reduceLayers(drawn)));
  expect(formatLayers(drawing.testImports)).toEqual(formatLayers(reduceLayers(inTests, drawn)));
});

test("turbo.json's boundaries let each package import what the drawing lets it, and the hosts of tests", () => {
  const { boundaries } = readJson<{
    boundaries: { tags: Readonly<Record<string, { dependencies: { allow: readonly string[] } }>> };
  }>("turbo.json");
  const allowed = Object.entries(boundaries.tags).map(
    ([tag, { dependencies }]) => `${tag}: ${[...dependencies.allow].sort().join(", ")}`,
  );
  const closed = closeLayers(imports, testImports);
  const drawn = closeLayers(drawing.imports, drawing.testImports);
  const wanted = members.map(({ name, tag, isPublished }) => {
    const others = isPublished
      ? [...(drawn.get(name) ?? []), ...(closed.get(name)?.has(lab) ? [lab] : [])]
      : [...(closed.get(name) ?? [])];
    return `${tag}: ${others
      .map((it) => tagOf.get(it))
      .sort()
      .join(", ")}`;
  });
  expect(allowed.sort()).toEqual(wanted.sort());
});
