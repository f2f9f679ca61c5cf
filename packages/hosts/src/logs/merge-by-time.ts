import type { LogLine } from "./log-line.js";

/** A source whose next line is known. */
interface Head<Line> {
  readonly source: AsyncGenerator<readonly Line[]>;
  lines: readonly Line[];
  index: number;
}

/**
 * Joins sources that are each in order of time.
 * @param sources give lines in batches, none of them empty
 * @returns as many lines at a time as are certain
 */
export async function* mergeByTime<Line extends Pick<LogLine, "timestamp">>(
  sources: readonly AsyncGenerator<readonly Line[]>[],
): AsyncGenerator<readonly Line[]> {
  try {
    const opened = sources.map((source): Head<Line> => ({ source, lines: [], index: 0 }));
    let heads = await withLines(opened);
    while (heads.length > 0) {
      yield heads.length === 1 ? takeRest(heads) : takeOldest(heads);
      heads = await withLines(heads);
    }
  } finally {
    await Promise.allSettled(sources.map((source) => source.return(undefined)));
  }
}

/** Reads on where all lines have been taken, and leaves out what has come to its end. */
async function withLines<Line>(heads: readonly Head<Line>[]): Promise<Head<Line>[]> {
  const filled = await Promise.all(heads.map(async (head) => (await fill(head)) && head));
  return filled.filter((head) => head !== false);
}

async function fill<Line>(head: Head<Line>): Promise<boolean> {
  if (head.index < head.lines.length) return true;
  const next = await head.source.next();
  if (next.done === true) return false;
  head.lines = next.value;
  head.index = 0;
  return true;
}

function takeRest<Line>([head]: readonly Head<Line>[]): readonly Line[] {
  if (head === undefined) return [];
  const rest = head.lines.slice(head.index);
  head.index = head.lines.length;
  return rest;
}

/** The lines in their order, until one source has none left. */
function takeOldest<Line extends Pick<LogLine, "timestamp">>(heads: readonly Head<Line>[]): Line[] {
  const taken: Line[] = [];
  for (;;) {
    const oldest = heads.reduce((a, b) => (timeOf(b) < timeOf(a) ? b : a));
    taken.push(oldest.lines[oldest.index] as Line);
    oldest.index += 1;
    if (oldest.index === oldest.lines.length) return taken;
  }
}

function timeOf({ lines, index }: Head<Pick<LogLine, "timestamp">>): string {
  return lines[index]?.timestamp ?? "";
}
