import { amendError, isOttoError, type Json, OttoError } from "@otto/errors";
import type { Parent } from "@otto/hosts";

export interface EachOptions {
  /** How many are worked on at the same time, at least 1. Default {@link parentsAtOnce}. */
  readonly limit?: number | undefined;
  /** After an abort nothing more is begun; what has begun is waited for. */
  readonly signal?: AbortSignal | undefined;
}

/** What became of one part. */
type Outcome<T> = { readonly value: T } | { readonly error: unknown };

/** A connection costs each side a key exchange: more at the same time than this only make one another late. */
export const parentsAtOnce = 32;

/**
 * Does the same for each of several parts, side by side. One that fails does not stop the others.
 * @returns what `work` gave, in the order of the parts
 * @throws when all have ended. Of one part alone, what it threw. Of several: an abort's reason, what is no OttoError, the error
 * of the only part that failed with `details.failed` in it, else `LAB_PARTS_FAILED` whose `details.failed` lists
 * `{parent, code, message}` and whose cause is the first one
 */
export async function eachPart<Part extends { readonly parent: Parent }, T>(
  parts: readonly Part[],
  work: (part: Part) => Promise<T>,
  { limit = parentsAtOnce, signal }: EachOptions = {},
): Promise<T[]> {
  const [only] = parts;
  if (only !== undefined && parts.length === 1) return [await work(only)];
  const outcomes: Outcome<T>[] = Array.from({ length: parts.length });
  const entries = parts.entries();
  const serve = async () => {
    for (const [index, part] of entries) {
      signal?.throwIfAborted();
      outcomes[index] = await settle(() => work(part));
    }
  };
  const ends = await Promise.allSettled(Array.from({ length: Math.min(limit, parts.length) }, serve));
  signal?.throwIfAborted();
  for (const end of ends) if (end.status === "rejected") throw end.reason;
  const failures = outcomes.flatMap((outcome, index) =>
    "error" in outcome ? [{ parent: parentOf(parts, index), error: outcome.error }] : [],
  );
  if (failures.length > 0) throw joinFailures(failures, parts.length);
  return outcomes.map((outcome) => (outcome as { value: T }).value);
}

async function settle<T>(work: () => Promise<T>): Promise<Outcome<T>> {
  try {
    return { value: await work() };
  } catch (error) {
    return { error };
  }
}

function parentOf(parts: readonly { readonly parent: Parent }[], index: number): string {
  return parts[index]?.parent.id ?? "";
}

interface PartFailure {
  /** Id. */
  readonly parent: string;
  readonly error: unknown;
}

/** One error for what failed of several parts. @param failures at least one @param count of the parts */
export function joinFailures(failures: readonly PartFailure[], count: number): unknown {
  const foreign = failures.find(({ error }) => !isOttoError(error));
  if (foreign !== undefined) return foreign.error;
  const all = failures as readonly (PartFailure & { readonly error: OttoError })[];
  const failed: Json[] = all.map(({ parent, error: { code, message } }) => ({ parent, code, message }));
  const [first] = all;
  if (first === undefined) throw new TypeError("joinFailures: nothing failed");
  const { error } = first;
  if (all.length === 1) return amendError(error, { hint: error.hint, details: { ...error.details, failed } });
  const lines = all.map(({ parent, error: { message } }) => `${parent}: ${message}`);
  return new OttoError("LAB_PARTS_FAILED", `${all.length} of ${count} parents failed\n${lines.join("\n")}`, {
    hint: error.hint,
    details: { failed },
    cause: error,
  });
}
