/** For each package, those that it may import. */
export type Layers = ReadonlyMap<string, ReadonlySet<string>>;

/** The packages of a Mermaid drawing, by the names that begin their labels, and its arrows. */
export interface Drawing {
  readonly imports: Layers;
  /** Dotted arrows: what tests alone import. */
  readonly testImports: Layers;
}

/** Reads `a["@otto/a: what it is"] --> b & c`, line by line. */
export function readDrawing(text: string): Drawing {
  const names = new Map([...text.matchAll(/(\w+)\["([^:"]+)[^"]*"\]/g)].map(([, id = "", name = ""]) => [id, name]));
  const nameOf = (node: string) => {
    const id = node.trim();
    const name = names.get(id);
    if (name === undefined) throw new Error(`the drawing has an arrow at ${id}, which it does not name`);
    return name;
  };
  const read = (arrow: string): Layers => {
    const edges = text.split("\n").flatMap((line) => {
      const nodes = line.replaceAll(/\["[^"]*"\]/g, "").split(/ (-->|-\.->) /);
      return nodes.flatMap((from, at) =>
        nodes[at + 1] === arrow
          ? (nodes[at + 2] ?? "").split("&").map((to) => [nameOf(from), nameOf(to)] as const)
          : [],
      );
    });
    return groupEdges(edges, [...names.values()]);
  };
  return { imports: read("-->"), testImports: read("-.->") };
}

function groupEdges(edges: readonly (readonly [from: string, to: string])[], names: readonly string[]): Layers {
  return new Map(names.map((name) => [name, new Set(edges.flatMap(([from, to]) => (from === name ? [to] : [])))]));
}

/** All that can be reached by the arrows of some layers. */
export function closeLayers(...parts: readonly Layers[]): Layers {
  const next = (name: string) => parts.flatMap((layers) => [...(layers.get(name) ?? [])]);
  return mapLayers(parts[0] ?? new Map(), (name) => {
    const reached = new Set(next(name));
    for (const other of reached) for (const further of next(other)) reached.add(further);
    if (reached.has(name)) throw new Error(`${name} imports itself, by way of others`);
    return reached;
  });
}

/** The layers without the arrows that others of `base`, which are theirs by default, lead to as well. */
export function reduceLayers(layers: Layers, base: Layers = layers): Layers {
  const closed = closeLayers(base);
  return mapLayers(layers, (name) => {
    const direct = [...(layers.get(name) ?? [])];
    const before = [...(base.get(name) ?? [])];
    const isLed = (to: string) =>
      (layers !== base && before.includes(to)) || before.some((it) => closed.get(it)?.has(to));
    return new Set(direct.filter((to) => !isLed(to)));
  });
}

/** One line for each package: `a: b, c`. */
export function formatLayers(layers: Layers): readonly string[] {
  return [...layers].map(([name, others]) => `${name}: ${[...others].sort().join(", ")}`).sort();
}

function mapLayers(layers: Layers, othersOf: (name: string) => ReadonlySet<string>): Layers {
  return new Map([...layers.keys()].map((name) => [name, othersOf(name)]));
}
