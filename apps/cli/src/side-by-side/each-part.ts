import { parentsAtOnce } from "@otto/host-registry";
import { exitCodeOf, exitCodes } from "../exit-code.js";
import type { Outcome } from "../outcome.js";
import { formatDuration } from "../output/duration.js";
import { describeError } from "../output/error-text.js";
import type { RecordPlace } from "../output/reporter.js";
import type { Session } from "../session.js";
import { type Part, placeOf } from "./part.js";
import { runSideBySide } from "./schedule.js";
import { openStage, type Stage } from "./stage.js";

/** Does its work on one part. @returns whether it was done; an error it was told of says why not */
export type Work<Of extends Part> = (part: Of, session: PartSession) => Promise<boolean>;

/** What a command works with on one part: what it tells comes with that of no other part in between. */
export interface PartSession extends Session {
  /** Waits until what is told is shown at once; for what is too much to be held back. */
  readonly reachTurn: () => Promise<void>;
}

export interface EachOptions {
  /** What has been done, as `up`: said in a last line where there are several parents. Default: that is said of failures alone. */
  readonly done?: string | undefined;
  /** Whether parts are told as they come, where one of them takes long. Default: in their order. */
  readonly mayPass?: boolean | undefined;
  /** How many parents are worked on at once. Default: as the library's calls. */
  readonly limit?: number | undefined;
}

/** How the work on a part ended. */
interface End {
  readonly exitCode: number;
  readonly failure?: Failure;
}

interface Failure extends RecordPlace {
  /** Of the first error; empty where there was none. */
  readonly code: string;
}

/**
 * Does the same for each part: side by side for several parents, one after the other on one parent. One that fails is told
 * and does not stop the others. A signal does.
 */
export async function eachOf<Of extends Part>(
  session: Session,
  parts: readonly Of[],
  work: Work<Of>,
  { done, mayPass = false, limit = parentsAtOnce }: EachOptions = {},
): Promise<Outcome> {
  const { signal, options } = session;
  const began = performance.now();
  const parents = parts.map(({ parent }) => parent?.id ?? "");
  await using stage = openStage(session, parts, { mayPass });
  const ends: (End | undefined)[] = parts.map(() => undefined);
  await runSideBySide(parents, limit, async (index) => {
    const part = parts[index];
    if (part === undefined) return;
    if (signal.aborted) stage.end(index, false);
    else ends[index] = await workOn(part, { index, session, stage, work });
  });
  const ended = ends.filter((end) => end !== undefined);
  if (ended.length < parts.length) signal.throwIfAborted();
  const failures = ended.flatMap(({ failure }) => failure ?? []);
  const exitCode = Math.max(exitCodes.done, ...ended.map((end) => end.exitCode));
  const summary = sumUp({
    parts,
    failures,
    done: options.dryRun ? undefined : done,
    elapsedMs: performance.now() - began,
  });
  return { exitCode, ...(failures.length > 0 && { fields: { failures } }), ...(summary !== undefined && { summary }) };
}

interface WorkOptions<Of extends Part> {
  readonly index: number;
  readonly session: Session;
  readonly stage: Stage;
  readonly work: Work<Of>;
}

/** @returns undefined where a signal ended it */
async function workOn<Of extends Part>(
  part: Of,
  { index, session, stage, work }: WorkOptions<Of>,
): Promise<End | undefined> {
  // That of the first error.
  let code = "";
  const reporter = stage.reporterOf(index, (error) => {
    if (code === "") ({ code } = describeError(error));
  });
  const failed = (exitCode: number) => ({ exitCode, failure: { ...placeOf(part), code } });
  try {
    const isDone = await work(part, { ...session, reporter, reachTurn: () => stage.turns.reach(index) });
    stage.end(index, isDone);
    return isDone ? { exitCode: exitCodes.done } : failed(exitCodes.failed);
  } catch (error) {
    const { aborted } = session.signal;
    if (!aborted) reporter.error(error);
    stage.end(index, false);
    return aborted ? undefined : failed(exitCodeOf(error));
  }
}

interface Summed {
  readonly parts: readonly Part[];
  readonly failures: readonly Failure[];
  readonly done: string | undefined;
  readonly elapsedMs: number;
}

/** As `up on 3 of 4 parents in 14.2 s · failed on carrot (SSH_CONNECT_FAILED)`. */
function sumUp({ parts, failures, done, elapsedMs }: Summed): string | undefined {
  const parents = new Set(parts.flatMap(({ parent }) => parent?.id ?? []));
  if (parents.size < 2 || (done === undefined && failures.length === 0)) return undefined;
  const failed = new Set(failures.map(({ parent }) => parent));
  const count = failed.size === 0 ? parents.size : `${parents.size - failed.size} of ${parents.size}`;
  const isSeveral = new Set(parts.map(({ repo }) => repo?.name)).size > 1;
  const named = failures.map(({ repo, parent, code }) => `${isSeveral ? `${repo} on ` : ""}${parent} (${code})`);
  const text = `${done ?? "done"} on ${count} parents in ${formatDuration(elapsedMs)}`;
  return named.length === 0 ? text : `${text} · failed${isSeveral ? ": " : " on "}${named.join(", ")}`;
}
