import { formatTarget, missesOf, type Target, targetsOf } from "./check-targets.js";
import { type LinkName, linkTitles } from "./link.js";
import { type AreaResult, type Failed, type Figures, isFailed, type Reference, type RowResult } from "./result.js";
import type { Spread } from "./statistics.js";

const head = [
  "what",
  "link",
  "otto",
  "against",
  "theirs",
  "ratio (spread)",
  "target",
  "up",
  "down",
  "handshakes",
  "round trips",
  "peak memory",
  "open files",
];

export interface TableSettings {
  readonly area: string;
  readonly targets: readonly Target[];
  /** Default: rows of every link. */
  readonly links?: readonly string[];
}

/** One line for each row and reference, as Markdown; columns in which nothing stands are left out. */
export function formatTable(result: AreaResult, { area, targets, links }: TableSettings): string {
  const rows = result.rows.filter(({ link }) => link === undefined || links === undefined || links.includes(link));
  const lines = rows.flatMap((row) => linesOf(row, area, targets));
  const shown = head.map((_, column) => lines.some((cells) => cells[column] !== ""));
  const pick = (cells: readonly string[]) => cells.filter((_, column) => shown[column]);
  return alignTable([pick(head), ...lines.map(pick)]);
}

function linesOf(row: RowResult, area: string, targets: readonly Target[]): string[][] {
  const references: readonly (Reference | undefined)[] = row.theirs.length === 0 ? [undefined] : row.theirs;
  return references.map((reference, index) => {
    const first = index === 0;
    const own = first ? targetsOf(targets, area, row, undefined) : [];
    const ofLine = [...own, ...(reference === undefined ? [] : targetsOf(targets, area, row, reference.name))];
    return [
      row.what,
      row.link === undefined ? "" : linkTitles[row.link as LinkName],
      formatTime(row.ours),
      (reference?.name ?? "").replaceAll("|", "\\|"),
      reference === undefined ? "" : formatTime(reference.figures),
      reference?.ratio === undefined ? "" : formatRatio(reference.ratio),
      ofLine.map((target) => formatVerdict(target, row)).join("; "),
      both(row.ours, reference, ({ upBytes }) => formatBytes(upBytes)),
      both(row.ours, reference, ({ downBytes }) => formatBytes(downBytes)),
      both(row.ours, reference, ({ handshakes }) => handshakes?.toString()),
      both(row.ours, reference, formatTrips),
      both(row.ours, reference, ({ peakBytes }) => formatBytes(peakBytes)),
      both(row.ours, reference, ({ openFiles }) => openFiles?.toString()),
    ];
  });
}

function formatVerdict(target: Target, row: RowResult): string {
  const misses = missesOf(target, row);
  const verdict = misses === undefined ? "not measured" : misses.length === 0 ? "met" : "missed";
  return `${formatTarget(target)}: ${verdict}`;
}

/** `ours / theirs`; a figure that is not there is `-`. */
function both(
  ours: Figures | Failed,
  reference: Reference | undefined,
  format: (figures: Figures) => string | undefined,
): string {
  const cells = [ours, ...(reference === undefined ? [] : [reference.figures])].map((figures) =>
    isFailed(figures) ? undefined : format(figures),
  );
  return cells.every((cell) => cell === undefined) ? "" : cells.map((cell) => cell ?? "-").join(" / ");
}

function formatTrips({ roundTrips, tripsAfterHandshake }: Figures): string | undefined {
  if (roundTrips === undefined) return undefined;
  const isSplit = tripsAfterHandshake !== undefined && tripsAfterHandshake !== roundTrips;
  return isSplit ? `${roundTrips} (${tripsAfterHandshake} after the handshake)` : String(roundTrips);
}

function formatTime(figures: Figures | Failed): string {
  return isFailed(figures) ? `not measured: ${quote(figures.failed)}` : formatMs(figures.ms.median);
}

const quotedCharacters = 120;

/** One line that breaks no table. */
function quote(text: string): string {
  const line = text.replace(/[\s|<>`]+/g, " ").trim();
  return line.length > quotedCharacters ? `${line.slice(0, quotedCharacters)}…` : line;
}

export function formatMs(ms: number): string {
  if (ms >= 10_000) return `${(ms / 1000).toFixed(1)} s`;
  if (ms >= 1000) return `${(ms / 1000).toFixed(2)} s`;
  return `${ms < 10 ? ms.toFixed(2) : ms.toFixed(0)} ms`;
}

export function formatRatio({ median, low, high }: Spread): string {
  const digits = (value: number) => (value < 0.1 ? value.toFixed(3) : value.toFixed(2));
  return `${digits(median)} (${digits(low)} to ${digits(high)})`;
}

export function formatBytes(bytes: number | undefined): string | undefined {
  if (bytes === undefined) return undefined;
  if (bytes < 1000) return `${Math.round(bytes)} B`;
  return bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

/** A Markdown table with columns of one width each, as the formatter of this repository writes it. */
export function alignTable(rows: readonly (readonly string[])[]): string {
  const [first = []] = rows;
  const widths = first.map((_, column) => Math.max(3, ...rows.map((cells) => cells[column]?.length ?? 0)));
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`;
  return [line(first), line(widths.map((width) => "-".repeat(width))), ...rows.slice(1).map(line)].join("\n");
}
