import { columnWidth, type Drawing, drawText, lineHeight, round, toHtml, toSvg } from "../svg/document.js";
import { wrapText } from "../svg/text.js";
import { type CriticalSegment, findCriticalPath } from "./critical-path.js";
import type { Span, Trace } from "./trace.js";

export type TracePicture = "svg" | "html";

/** A trace as a timeline with its critical path: the text of a file that stands for itself. */
export function drawTrace(trace: Trace, format: TracePicture): string {
  const drawing = drawTimeline(trace);
  return format === "svg" ? toSvg(drawing) : toHtml(drawing);
}

const margin = 24;
const nameColumns = 52;
const timeColumns = 10;
const barsWidth = 720;
const rowHeight = 20;
/** Of the rest, the longest are drawn. */
const mostRows = 400;
const mostPathLines = 15;

function drawTimeline(trace: Trace): Drawing {
  const [root] = trace.spans;
  const path = findCriticalPath(trace);
  const critical = new Set(path.map(({ span }) => span.id));
  const rows = chooseRows(trace.spans, critical);
  const left = margin + (nameColumns + timeColumns) * columnWidth;
  const head = headLines(trace, rows.length);
  const share = pathLines(path, root);
  const top = margin + 40 + head.length * lineHeight;
  const barsTop = top + lineHeight;
  const barsHeight = rows.length * rowHeight;
  const listTop = barsTop + barsHeight + margin;
  const toX = (ms: number) => left + ((ms - root.startMs) / Math.max(root.endMs - root.startMs, 0.001)) * barsWidth;
  const legendTop = listTop + (share.length + 2) * lineHeight;
  const body = [
    drawText(title(root), margin, margin + 16, { style: "title" }),
    ...head.map((line, index) => drawText(line, margin, margin + 40 + index * lineHeight, { style: "dim" })),
    drawScale(root, toX, { top, bottom: barsTop + barsHeight }),
    ...rows.map(({ span, depth }, index) =>
      drawRow({ span, depth, isCritical: critical.has(span.id) }, barsTop + index * rowHeight, toX),
    ),
    drawText("Critical path: what the command waited for", margin, listTop + 4, { style: "strong" }),
    ...share.map((line, index) => drawText(line, margin, listTop + 4 + (index + 1) * lineHeight)),
    ...legend.map(([kind, words], index) => drawLegend(kind, words, { x: margin + index * 150, y: legendTop })),
  ];
  return {
    title: title(root),
    width: left + barsWidth + 2 * margin,
    height: legendTop + margin,
    body: body.join("\n"),
  };
}

const legend = [
  ["build", "builds"],
  ["compose", "the stack"],
  ["service", "services"],
  ["transfer", "transfers"],
  ["wait", "waits"],
  ["ssh", "SSH"],
  ["failed-bar", "failed ✗"],
] as const;

function drawLegend(kind: string, words: string, { x, y }: { readonly x: number; readonly y: number }): string {
  return `<rect class="swatch bar ${kind}" x="${x}" y="${y - 10}" width="20" height="12"/>${drawText(words, x + 28, y, { style: "dim" })}`;
}

function title(root: Span): string {
  return `${wrapText(root.name, 60)[0] ?? ""}  ${formatDuration(root.endMs - root.startMs)}`;
}

function headLines({ spans }: Trace, rows: number): string[] {
  const [root] = spans;
  const { "ssh.sent_bytes": sent, "ssh.received_bytes": received } = root.facts;
  const bytes = sent === undefined ? [] : [`SSH: sent ${sent} B, received ${received} B`];
  const left = rows < spans.length ? [`the ${rows} longest of ${spans.length} spans`] : [`${spans.length} spans`];
  const began =
    Number.isFinite(root.startMs) && Math.abs(root.startMs) < 8e15 ? [new Date(root.startMs).toISOString()] : [];
  return [[...began, ...left, ...bytes].join(" · "), "A bold frame marks the critical path."];
}

interface Row {
  readonly span: Span;
  readonly depth: number;
}

/** As a tree, each part below its whole, in order of time. */
function chooseRows(spans: Trace["spans"], critical: ReadonlySet<string>): Row[] {
  const [root] = spans;
  const byLength = spans.toSorted((a, b) => b.endMs - b.startMs - (a.endMs - a.startMs));
  const first = byLength.filter(({ id }) => critical.has(id));
  const chosen = new Set([...new Set([root, ...first, ...byLength])].slice(0, mostRows));
  const children = new Map<string | undefined, Span[]>();
  for (const span of spans) {
    const others = children.get(span.parentId);
    if (others === undefined) children.set(span.parentId, [span]);
    else others.push(span);
  }
  const rows: Row[] = [];
  const add = (span: Span, depth: number) => {
    if (chosen.has(span)) rows.push({ span, depth });
    for (const child of children.get(span.id) ?? []) add(child, depth + 1);
  };
  add(root, 0);
  return rows;
}

function drawRow(
  { span, depth, isCritical }: Row & { readonly isCritical: boolean },
  top: number,
  toX: (ms: number) => number,
): string {
  const base = top + rowHeight - 6;
  const indent = Math.min(depth, 8) * 2;
  const [first = "", ...more] = wrapText(span.name, nameColumns - indent - 2);
  const name = more.length === 0 ? first : `${first}…`;
  const [x, end] = [toX(span.startMs), toX(span.endMs)];
  const classes = ["bar", span.kind, ...(isCritical ? ["critical"] : []), ...(span.isFailed ? ["failed-bar"] : [])];
  const bar = `<rect class="${classes.join(" ")}" x="${round(x)}" y="${top + 4}" width="${round(Math.max(end - x, 1.5))}" height="${rowHeight - 8}"/>`;
  const style = isCritical ? "strong" : "";
  const time = `${formatDuration(span.endMs - span.startMs)}${span.isFailed ? " ✗" : ""}`;
  const right = margin + (nameColumns + timeColumns - 1) * columnWidth;
  return [
    `<g>${bar}`,
    drawText(name, margin + indent * columnWidth, base, { style }),
    `${drawText(time, right, base, { style: "dim", anchor: "end" })}</g>`,
  ].join("");
}

function drawScale(root: Span, toX: (ms: number) => number, { top, bottom }: { top: number; bottom: number }): string {
  const length = root.endMs - root.startMs;
  const ticks = Array.from({ length: 5 }, (_, index) => (length * index) / 4);
  return ticks
    .map((ms, index) => {
      const x = toX(root.startMs + ms);
      const anchor = index === 0 ? "start" : index === 4 ? "end" : "middle";
      const line = `<path class="grid" d="M${round(x)} ${top + 4}V${bottom}"/>`;
      return `${line}${drawText(formatDuration(ms), x, top, { style: "dim", anchor })}`;
    })
    .join("");
}

/** The longest parts of the path, each with its share; what they leave is in the last line. */
function pathLines(path: readonly CriticalSegment[], root: Span): string[] {
  const total = root.endMs - root.startMs;
  const sums = new Map<string, { readonly span: Span; ms: number }>();
  for (const { span, startMs, endMs } of path) {
    const sum = sums.get(span.id) ?? { span, ms: 0 };
    sums.set(span.id, { span, ms: sum.ms + endMs - startMs });
  }
  const sorted = [...sums.values()].sort((a, b) => b.ms - a.ms);
  const shown = sorted.slice(0, mostPathLines);
  const rest = sorted.slice(mostPathLines).reduce((sum, { ms }) => sum + ms, 0);
  const line = (name: string, ms: number) => {
    const percent = `${total === 0 ? 0 : Math.round((ms / total) * 100)} %`;
    return `  ${formatDuration(ms).padStart(timeColumns)}  ${percent.padStart(5)}  ${name}`;
  };
  const nameOf = (span: Span) => (span === root ? "otto itself" : (wrapText(span.name, 90)[0] ?? ""));
  return [
    ...shown.map(({ span, ms }) => line(nameOf(span), ms)),
    ...(rest > 0 ? [line(`${sorted.length - mostPathLines} more`, rest)] : []),
    line(
      "in all",
      path.reduce((sum, { startMs, endMs }) => sum + endMs - startMs, 0),
    ),
  ];
}

/** `340 ms`, `4.21 s`, `2 min 5 s`. */
export function formatDuration(ms: number): string {
  if (ms < 9.95) return `${Math.round(ms * 10) / 10} ms`;
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (ms < 59_995) return `${(ms / 1000).toFixed(2)} s`;
  const seconds = Math.round(ms / 1000);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}
