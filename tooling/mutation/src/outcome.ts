/** What became of one mutant. */
export interface MutantOutcome {
  /** Relative to its package. */
  readonly file: string;
  readonly line: number;
  /** As Stryker names it. */
  readonly status: string;
  /** The kind of edit, and what came in the place of what was there. */
  readonly edit: string;
}

export interface Score {
  /** All mutants that the files have, run or not. */
  readonly all: number;
  readonly run: number;
  /** Of those that were run: a test failed, or none came to an end. */
  readonly killed: number;
}

const kills = ["Killed", "Timeout"];
const survivals = ["Survived", "NoCoverage"];

export function scoreOf(outcomes: readonly MutantOutcome[]): Score {
  const killed = outcomes.filter(({ status }) => kills.includes(status)).length;
  return { all: outcomes.length, run: killed + survivorsOf(outcomes).length, killed };
}

export function survivorsOf(outcomes: readonly MutantOutcome[]): MutantOutcome[] {
  return outcomes.filter(({ status }) => survivals.includes(status));
}

export function formatSurvivor(directory: string, { file, line, status, edit }: MutantOutcome): string {
  const where = `${directory}/${file}:${line}`;
  const what = edit.replaceAll(/\s+/g, " ").slice(0, 160);
  return `${where} ${what}${status === "NoCoverage" ? " (no test comes there)" : ""}`;
}

/** A line for each file. */
export function formatScores(outcomes: readonly MutantOutcome[]): string[] {
  const files = [...new Set(outcomes.map(({ file }) => file))].sort();
  return files.flatMap((file) => {
    const { run, killed } = scoreOf(outcomes.filter((outcome) => outcome.file === file));
    return run === 0 ? [] : [`${file}: ${killed} of ${run} killed`];
  });
}
