import { PassThrough } from "node:stream";
import { toError } from "@otto/errors";
import { joinFailures } from "@otto/host-registry";
import type { OnParent } from "./repo-parts.js";

/** The rows of one of several parents. */
export interface RowSource<Row> {
  /** Id. */
  readonly parent: string;
  readonly rows: AsyncGenerator<Row, void>;
}

type Failure = Parameters<typeof joinFailures>[0][number];

/** A source and its next row; undefined: it has ended. */
interface Head<Row> {
  readonly source: RowSource<Row>;
  readonly row: Row | undefined;
}

/**
 * Joins sources that are each in order of time. One that fails does not stop the others.
 * @throws what `joinFailures` makes of what sources threw, when all have ended
 */
export async function* mergeByTime<Row extends { readonly timestamp: string }>(
  sources: readonly RowSource<Row>[],
): AsyncGenerator<OnParent<Row>, void> {
  const reading = new Reading<Row>();
  try {
    const heads = await Promise.all(sources.map((source) => reading.next(source)));
    for (;;) {
      const left = heads.flatMap(({ row }, index) => (row === undefined ? [] : [{ row, index }]));
      const [first, ...others] = left;
      if (first === undefined) break;
      const oldest = others.reduce((a, b) => (b.row.timestamp < a.row.timestamp ? b : a), first);
      const { source } = heads[oldest.index] as Head<Row>;
      yield { ...oldest.row, parent: source.parent };
      heads[oldest.index] = await reading.next(source);
    }
    reading.throwFailures();
  } finally {
    await reading.end();
  }
}

/** So many rows are held for a reader that is slower than the sources; then these wait. */
const heldRows = 256;

/**
 * Joins sources row by row as each comes; further sources may come, too.
 * @param leave ends the sources, when nobody reads any more
 * @throws as {@link mergeByTime}
 */
export async function* mergeAsTheyCome<Row>(
  sources: Iterable<RowSource<Row>> | AsyncIterable<RowSource<Row>>,
  leave: () => void,
): AsyncGenerator<OnParent<Row>, void> {
  const reading = new Reading<Row>();
  const rows = new PassThrough({ objectMode: true, highWaterMark: heldRows });
  rows.setMaxListeners(0);
  const forward = async (source: RowSource<Row>) => {
    for (let { row } = await reading.next(source); row !== undefined && !rows.destroyed; ) {
      if (!rows.write({ ...row, parent: source.parent })) await untilDrained(rows);
      ({ row } = await reading.next(source));
    }
  };
  const forwarding: Promise<void>[] = [];
  const forwardAll = async () => {
    for await (const source of sources) forwarding.push(forward(source));
    await Promise.all(forwarding);
  };
  const done = forwardAll().then(
    () => void rows.end(),
    (error: unknown) => void rows.destroy(toError(error)),
  );
  try {
    for await (const row of rows) yield row as OnParent<Row>;
    reading.throwFailures();
  } finally {
    leave();
    await done;
    await Promise.all(forwarding);
    await reading.end();
  }
}

/** Or until nobody reads any more. */
function untilDrained(rows: PassThrough): Promise<void> {
  return new Promise((resolve) => {
    const settle = () => {
      rows.off("drain", settle).off("close", settle);
      resolve();
    };
    rows.on("drain", settle).on("close", settle);
  });
}

class Reading<Row> {
  readonly #sources = new Set<RowSource<Row>>();
  readonly #failures: Failure[] = [];

  /** One that fails has ended. */
  async next(source: RowSource<Row>): Promise<Head<Row>> {
    this.#sources.add(source);
    try {
      const { value } = await source.rows.next();
      return { source, row: value ?? undefined };
    } catch (error) {
      this.#failures.push({ parent: source.parent, error });
      return { source, row: undefined };
    }
  }

  throwFailures(): void {
    if (this.#failures.length > 0) throw joinFailures(this.#failures, this.#sources.size);
  }

  async end(): Promise<void> {
    await Promise.allSettled([...this.#sources].map(({ rows }) => rows.return()));
  }
}
