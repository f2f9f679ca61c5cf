import { errorMessage } from "./error-message.js";
import type { Route } from "./link.js";
import { type LinkCounts, startCounting } from "./link-counters.js";
import type { Measured } from "./measured.js";
import type { Failed, Figures, Reference, RowResult } from "./result.js";
import { isFailed } from "./result.js";
import type { Bench, Contender, Cost, Round, Row } from "./row.js";
import { median, ratioOf, rotate, spreadOf } from "./statistics.js";

/** One round of one contender. */
interface Sample {
  readonly ms: number;
  readonly peakBytes: number | undefined;
  readonly openFiles: number | undefined;
  readonly counts: Partial<LinkCounts>;
}

interface Lane {
  readonly contender: Contender;
  readonly samples: Sample[];
  readonly counted: Sample[];
  failed?: string;
}

/** How many rounds a row of this cost runs where light ones run `rounds`. */
export function roundsOf(cost: Cost | undefined, rounds: number): number {
  const part = { light: 1, heavy: 2, far: 5 }[cost ?? "light"];
  return Math.max(1, Math.ceil(rounds / part));
}

/**
 * Runs each contender once in each round; the one that starts rotates. Light and bulk rows begin with a round that is not
 * timed; the bytes of bulk rows are counted in it.
 */
export async function runRow(row: Row, bench: Bench, rounds: number): Promise<RowResult> {
  const [otto, ...others] = bench.subjects;
  if (otto === undefined) throw new Error("bench: nothing to measure");
  const before = others.map((subject) => ({ ...row.ours(subject), name: subject.name }));
  const lanes = [row.ours(otto), ...before, ...row.theirs].map(
    (contender): Lane => ({ contender, samples: [], counted: [] }),
  );
  const routes = row.link === undefined ? undefined : bench.links.get(row.link);
  const timedRounds = roundsOf(row.cost, rounds);
  const warmUps = row.cost === undefined || row.cost === "light" || row.bulk === true ? 1 : 0;
  for (let index = 0; index < timedRounds + warmUps; index += 1) {
    const isTimed = index >= warmUps;
    const route = chooseRoute(routes, isTimed && row.bulk === true);
    for (const lane of rotate(lanes, index))
      await runLane(lane, { round: createRound(index, route), route, isTimed, counts: isTimed || row.bulk === true });
  }
  return summarize(row, lanes, { rounds: timedRounds, handshakeTrips: otto.handshakeTrips(row.link) });
}

function chooseRoute(routes: readonly Route[] | undefined, isPastProxy: boolean): Route | undefined {
  return (isPastProxy ? routes?.find(({ isCounted }) => !isCounted) : undefined) ?? routes?.[0];
}

function createRound(index: number, route: Route | undefined): Round {
  return {
    index,
    get route() {
      if (route === undefined) throw new Error("bench: a row without a link asked for its route");
      return route;
    },
  };
}

interface LaneRound {
  readonly round: Round;
  readonly route: Route | undefined;
  readonly isTimed: boolean;
  readonly counts: boolean;
}

async function runLane(lane: Lane, { round, route, isTimed, counts }: LaneRound): Promise<void> {
  if (lane.failed !== undefined) return;
  try {
    await lane.contender.prepare?.(round);
    const count = route?.isCounted === true ? await startCounting(route) : undefined;
    const { output, calls = 1, ...measured }: Measured<unknown> = await lane.contender.run(round);
    const sample = sampleOf(measured, perCall(await count?.(), calls));
    await lane.contender.check(output, round);
    if (isTimed) lane.samples.push(sample);
    if (counts) lane.counted.push(sample);
  } catch (error) {
    lane.failed = errorMessage(error);
  }
}

function sampleOf(
  { ms, peakBytes, openFiles, handshakes }: Omit<Measured<unknown>, "output">,
  counts: Partial<LinkCounts>,
): Sample {
  return { ms, peakBytes, openFiles, counts: { ...counts, ...(handshakes !== undefined && { handshakes }) } };
}

function perCall(counts: LinkCounts | undefined, calls: number): Partial<LinkCounts> {
  if (counts === undefined) return {};
  const { upBytes, downBytes, handshakes, roundTrips } = counts;
  const trips = roundTrips === undefined ? undefined : roundTrips / calls;
  return { upBytes: upBytes / calls, downBytes: downBytes / calls, handshakes, roundTrips: trips };
}

interface Summary {
  readonly rounds: number;
  readonly handshakeTrips: number | undefined;
}

function summarize(row: Row, lanes: readonly Lane[], summary: Summary): RowResult {
  const [ours, ...theirs] = lanes;
  if (ours === undefined) throw new Error("bench: nothing to measure");
  const { what, link } = row;
  return {
    what,
    ...(link !== undefined && { link }),
    rounds: summary.rounds,
    ours: figuresOf(ours, { ...row, handshakeTrips: summary.handshakeTrips }),
    theirs: theirs.map((lane) => compare(ours, lane, row)),
  };
}

function compare(ours: Lane, lane: Lane, row: Row): Reference {
  const figures = figuresOf(lane, row);
  const reference = { name: lane.contender.name, figures };
  if (ours.failed !== undefined || isFailed(figures)) return reference;
  return { ...reference, ratio: ratioOf(timesOf(ours), timesOf(lane)) };
}

interface Shown extends Pick<Row, "showsFiles"> {
  /** What a connection of this contender alone needs, where that is known. */
  readonly handshakeTrips?: number | undefined;
}

function figuresOf(lane: Lane, { handshakeTrips, showsFiles }: Shown): Figures | Failed {
  if (lane.failed !== undefined) return { failed: lane.failed };
  const countOf = (name: keyof LinkCounts) => {
    const values = lane.counted.flatMap(({ counts }) => counts[name] ?? []);
    return values.length === 0 ? undefined : Math.round(10 * median(values)) / 10;
  };
  const counts = {
    upBytes: countOf("upBytes"),
    downBytes: countOf("downBytes"),
    handshakes: countOf("handshakes"),
    roundTrips: countOf("roundTrips"),
  };
  const mostOf = (name: "peakBytes" | "openFiles") => {
    const most = Math.max(0, ...lane.samples.map((sample) => sample[name] ?? 0));
    return most === 0 ? undefined : most;
  };
  return {
    ms: spreadOf(timesOf(lane)),
    ...present(counts),
    ...present({ tripsAfterHandshake: tripsAfterHandshake(counts, handshakeTrips) }),
    ...present({ peakBytes: mostOf("peakBytes"), openFiles: showsFiles === true ? mostOf("openFiles") : undefined }),
  };
}

function tripsAfterHandshake(
  { roundTrips, handshakes }: { roundTrips: number | undefined; handshakes: number | undefined },
  handshakeTrips: number | undefined,
): number | undefined {
  if (roundTrips === undefined || handshakes === 0) return roundTrips;
  return handshakeTrips === undefined ? undefined : Math.max(0, roundTrips - handshakeTrips);
}

function present<T extends Record<string, number | undefined>>(values: T): { [K in keyof T]?: number } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: number;
  };
}

function timesOf({ samples }: Lane): number[] {
  return samples.map(({ ms }) => ms);
}
