import { type AreaResult, type Figures, isFailed, type Reference, type RowResult } from "./result.js";

/** What a row should come to. Every field that is set must hold. */
export interface Target {
  readonly area: string;
  readonly what: string;
  /** Default: every link. */
  readonly link?: string;
  /** The reference that `ratio` and `moreMs` are about. */
  readonly against?: string;
  /** Ours divided by theirs, at most. */
  readonly ratio?: number;
  /** Ours less theirs, at most. */
  readonly moreMs?: number;
  readonly ms?: number;
  readonly roundTripsAfterHandshake?: number;
  readonly peakBytes?: number;
}

/** The targets of one line of a table: of a reference, or (undefined) of otto alone. */
export function targetsOf(
  targets: readonly Target[],
  area: string,
  row: Pick<RowResult, "what" | "link">,
  against: string | undefined,
): readonly Target[] {
  return targets.filter(
    (target) =>
      target.area === area &&
      target.what === row.what &&
      (target.link === undefined || target.link === row.link) &&
      target.against === against,
  );
}

/** As it stands beside a row: `≤ 0.2 x`. */
export function formatTarget(target: Target): string {
  const parts = [
    target.ratio === undefined ? [] : [`${target.ratio} x`],
    target.moreMs === undefined ? [] : [`${target.moreMs} ms more`],
    target.ms === undefined ? [] : [`${target.ms} ms`],
    target.roundTripsAfterHandshake === undefined ? [] : [`${target.roundTripsAfterHandshake} round trips`],
    target.peakBytes === undefined ? [] : [`${Math.round(target.peakBytes / 1e6)} MB`],
  ].flat();
  return parts.map((part) => `≤ ${part}`).join(", ");
}

/** What of a target does not hold; undefined where the row cannot tell. */
export function missesOf(target: Target, row: RowResult): readonly string[] | undefined {
  const { ours } = row;
  if (isFailed(ours)) return undefined;
  const reference = row.theirs.find(({ name }) => name === target.against);
  if (target.against !== undefined && (reference === undefined || isFailed(reference.figures))) return undefined;
  return [
    atMost("ratio", reference?.ratio?.median, target.ratio),
    atMost("ms more", moreMsOf(ours, reference), target.moreMs),
    atMost("ms", ours.ms.median, target.ms),
    atMost("round trips after the handshake", ours.tripsAfterHandshake, target.roundTripsAfterHandshake),
    atMost("bytes held", ours.peakBytes, target.peakBytes),
  ].flat();
}

function moreMsOf(ours: Figures, reference: Reference | undefined): number | undefined {
  if (reference === undefined || isFailed(reference.figures)) return undefined;
  return ours.ms.median - reference.figures.ms.median;
}

function atMost(what: string, value: number | undefined, limit: number | undefined): string[] {
  if (limit === undefined || value === undefined || value <= limit) return [];
  return [`${what}: ${Number(value.toPrecision(3))}, the target is ${limit}`];
}

/** One line for each target that the rows of an area miss or cannot tell. */
export function findMisses(targets: readonly Target[], area: string, { rows }: AreaResult): readonly string[] {
  return rows.flatMap((row) => {
    const names = [undefined, ...row.theirs.map(({ name }) => name)];
    const all = names.flatMap((name) => targetsOf(targets, area, row, name));
    return all.flatMap((target) => {
      const against = target.against === undefined ? "" : ` against ${target.against}`;
      const title = `${area}, ${row.what}${row.link === undefined ? "" : ` (${row.link})`}${against}`;
      const misses = missesOf(target, row) ?? ["it was not measured"];
      return misses.map((miss) => `${title}: ${miss}`);
    });
  });
}
