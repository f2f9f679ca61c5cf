import { Graph, layout as runDagre } from "@dagrejs/dagre";

export interface Box {
  readonly name: string;
  readonly width: number;
  readonly height: number;
}

export interface Arrow {
  readonly from: string;
  readonly to: string;
  /** Room for its label, in pixels. */
  readonly width: number;
  readonly height: number;
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Layout {
  readonly width: number;
  readonly height: number;
  /** By name: the upper left corner. */
  readonly boxes: ReadonlyMap<string, Point>;
  readonly arrows: readonly PlacedArrow[];
}

export interface PlacedArrow {
  readonly from: string;
  readonly to: string;
  readonly points: readonly Point[];
  /** The middle of its label. */
  readonly label: Point;
}

const gap = 28;

/** Places boxes by their arrows from left to right; groups that nothing joins, beside and below each other. */
export function placeBoxes(boxes: readonly Box[], arrows: readonly Arrow[]): Layout {
  const groups = splitGroups(boxes, arrows).map((names) =>
    placeGroup(
      boxes.filter(({ name }) => names.has(name)),
      arrows.filter(({ from }) => names.has(from)),
    ),
  );
  return packGroups(groups);
}

/** The boxes that arrows join, the largest groups first. */
function splitGroups(boxes: readonly Box[], arrows: readonly Arrow[]): ReadonlySet<string>[] {
  const groupOf = new Map(boxes.map(({ name }) => [name, new Set([name])]));
  for (const { from, to } of arrows) {
    const [a, b] = [groupOf.get(from), groupOf.get(to)];
    if (a === undefined || b === undefined || a === b) continue;
    for (const name of b) groupOf.set(name, a.add(name));
  }
  return [...new Set(groupOf.values())].sort((a, b) => b.size - a.size);
}

function placeGroup(boxes: readonly Box[], arrows: readonly Arrow[]): Layout {
  const graph = new Graph();
  graph.setGraph({ rankdir: "LR", nodesep: 18, ranksep: 40, edgesep: 14 });
  graph.setDefaultEdgeLabel(() => ({}));
  // Names may be `__proto__`: dagre gets numbers.
  const ids = new Map(boxes.map(({ name }, index) => [name, `${index}`]));
  for (const { name, width, height } of boxes) graph.setNode(ids.get(name) ?? "", { width, height });
  const keyOf = (arrow: Arrow) => ({ v: ids.get(arrow.from) ?? "", w: ids.get(arrow.to) ?? "" });
  for (const arrow of arrows) graph.setEdge(keyOf(arrow), { width: arrow.width, height: arrow.height, labelpos: "c" });
  runDagre(graph);
  const corner = ({ name, width, height }: Box): [string, Point] => {
    const { x = 0, y = 0 } = graph.node(ids.get(name) ?? "") as Partial<Point>;
    return [name, { x: x - width / 2, y: y - height / 2 }];
  };
  const { width = 0, height = 0 } = graph.graph() as { width?: number; height?: number };
  return {
    width,
    height,
    boxes: new Map(boxes.map(corner)),
    arrows: arrows.map((arrow) => {
      const { points = [], x = 0, y = 0 } = graph.edge(keyOf(arrow)) as { points?: Point[] } & Partial<Point>;
      return { from: arrow.from, to: arrow.to, points, label: { x, y } };
    }),
  };
}

/** Rows of groups, about half as high as wide. */
function packGroups(groups: readonly Layout[]): Layout {
  const area = groups.reduce((sum, { width, height }) => sum + (width + gap) * (height + gap), 0);
  const rowWidth = Math.max(...groups.map(({ width }) => width), Math.sqrt(area * 1.8));
  const moved: Layout[] = [];
  let [x, y, rowHeight, widest] = [0, 0, 0, 0];
  for (const group of groups) {
    if (x > 0 && x + group.width > rowWidth) [x, y, rowHeight] = [0, y + rowHeight + gap, 0];
    moved.push(moveBy(group, x, y));
    x += group.width + gap;
    [rowHeight, widest] = [Math.max(rowHeight, group.height), Math.max(widest, x - gap)];
  }
  return {
    width: widest,
    height: y + rowHeight,
    boxes: new Map(moved.flatMap(({ boxes }) => [...boxes])),
    arrows: moved.flatMap(({ arrows }) => arrows),
  };
}

function moveBy({ width, height, boxes, arrows }: Layout, dx: number, dy: number): Layout {
  const move = ({ x, y }: Point) => ({ x: x + dx, y: y + dy });
  return {
    width,
    height,
    boxes: new Map([...boxes].map(([name, point]) => [name, move(point)])),
    arrows: arrows.map((arrow) => ({ ...arrow, points: arrow.points.map(move), label: move(arrow.label) })),
  };
}
