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

type RowName = Pick<RowResult, "what" | "link">;

/** The targets of one line of a table: of a reference, or (undefined) of otto alone. */
export function targetsOf(
  targets: readonly Target[],
  area: string,
  row: RowName,
  against: string | undefined,
): readonly Target[] {
  return targets.filter((target) => isOfRow(target, area, row) && target.against === against);
}

function isOfRow(target: Target, area: string, { what, link }: RowName): boolean {
  return target.area === area && target.what === what && (target.link === undefined || target.link === link);
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

/** What of a target does not hold; undefined where one of its figures was not measured. */
export function missesOf(target: Target, row: RowResult): readonly string[] | undefined {
  const { ours } = row;
  if (isFailed(ours)) return undefined;
  const reference = row.theirs.find(({ name }) => name === target.against);
  const misses = [
    atMost("ratio", reference?.ratio?.median, target.ratio),
    atMost("ms more", moreMsOf(ours, reference), target.moreMs),
    atMost("ms", ours.ms.median, target.ms),
    atMost("round trips after the handshake", ours.tripsAfterHandshake, target.roundTripsAfterHandshake),
    atMost("bytes held", ours.peakBytes, target.peakBytes),
  ];
  return misses.every((miss) => miss !== undefined) ? misses.flat() : undefined;
}

function moreMsOf(ours: Figures, reference: Reference | undefined): number | undefined {
  if (reference === undefined || isFailed(reference.figures)) return undefined;
  return ours.ms.median - reference.figures.ms.median;
}

/** Undefined where there is a limit and no value. */
function atMost(what: string, value: number | undefined, limit: number | undefined): readonly string[] | undefined {
  if (limit === undefined) return [];
  if (value === undefined) return undefined;
  return value <= limit ? [] : [`${what}: ${Number(value.toPrecision(3))}, the target is ${limit}`];
}

/** One line for each target that the rows of an area miss, or whose figures they lack. */
export function findMisses(targets: readonly Target[], area: string, { rows }: AreaResult): readonly string[] {
  return rows.flatMap((row) =>
    targets
      .filter((target) => isOfRow(target, area, row))
      .flatMap((target) => {
        const misses = missesOf(target, row) ?? [notMeasured];
        return misses.map((miss) => `${describeTarget(target, row)}: ${miss}`);
      }),
  );
}

/** One line for each target of an area that none of its rows is about. */
export function findTargetsWithoutRow(
  targets: readonly Target[],
  area: string,
  { rows }: AreaResult,
): readonly string[] {
  return targets
    .filter((target) => target.area === area && !rows.some((row) => isOfRow(target, area, row)))
    .map((target) => `${describeTarget(target, target)}: ${notMeasured}`);
}

const notMeasured = "it was not measured";

function describeTarget({ area, what, against }: Target, { link }: Pick<RowName, "link">): string {
  return `${area}, ${what}${link === undefined ? "" : ` (${link})`}${against === undefined ? "" : ` against ${against}`}`;
}
