/** The integration suites that run in every world, by name; where they lie. */
export const suites = { hosts: "packages/hosts", docker: "packages/docker", cli: "apps/cli" } as const;

export type SuiteName = keyof typeof suites;

/** What one suite did in one world. */
export interface SuiteResult {
  /** `2026-01-31` */
  readonly date: string;
  readonly passed: number;
  /** Names of the tests that failed. */
  readonly failed: readonly string[];
}

/** By world, then by suite. What is absent has not been run. */
export type Results = Readonly<Record<string, Readonly<Partial<Record<SuiteName, SuiteResult>>>>>;

/** Why tests are red in a world. */
export interface KnownFault {
  readonly kind: string;
  readonly suite: SuiteName;
  /** A regular expression for the names of the tests. */
  readonly tests: string;
  /** What is at fault, in words. */
  readonly fault: string;
  /** Whether the tests are green now and then. */
  readonly sometimes?: boolean;
}

/** The part of Vitest's JSON report that is read here. */
export interface VitestReport {
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[];
  }[];
}

/** @param report undefined: there is none @param exitCode of the run */
export function readResult(report: VitestReport | undefined, exitCode: number, date: string): SuiteResult {
  const files = report?.testResults ?? [];
  const tests = files.flatMap((file) => file.assertionResults);
  const failed = tests.filter(({ status }) => status !== "passed").map(({ fullName }) => fullName);
  // It did not load, or failed before or after its tests.
  const broken = files.filter(
    (file) => file.status === "failed" && file.assertionResults.every(({ status }) => status === "passed"),
  );
  failed.push(...broken.map(({ name }) => `around the tests of ${name.split("/").at(-1)}`));
  if (failed.length === 0 && (exitCode !== 0 || tests.length === 0)) failed.push("outside of any test");
  return { date, passed: tests.length - tests.filter(({ status }) => status !== "passed").length, failed };
}

/** The result of a suite from those of its parts, of which there is one at least. */
export function joinResults(parts: readonly SuiteResult[]): SuiteResult {
  return {
    date: parts.map(({ date }) => date).toSorted()[0] ?? "",
    passed: parts.reduce((sum, { passed }) => sum + passed, 0),
    failed: parts.flatMap(({ failed }) => failed),
  };
}

/** A result after those of its tests that were red have run again; what the report does not show as passed stays red. */
export function applyRerun(before: SuiteResult, report: VitestReport | undefined, date: string): SuiteResult {
  const tests = report?.testResults.flatMap((file) => file.assertionResults) ?? [];
  const green = new Set(tests.filter(({ status }) => status === "passed").map(({ fullName }) => fullName));
  const failed = before.failed.filter((name) => !green.has(name));
  return { date, passed: before.passed + before.failed.length - failed.length, failed };
}

/** A pattern for `vitest -t` that takes the red tests of a result alone. */
export function patternOfRed({ failed }: SuiteResult): string {
  return `^(${failed.map((name) => name.replace(/[$()*+.?[\\\]^{|}]/g, "\\$&")).join("|")})$`;
}

/** What nobody expects of a result: red tests that no fault explains, and faults that no red test shows any more. */
export function findSurprises(
  kind: string,
  suite: SuiteName,
  { failed }: SuiteResult,
  faults: readonly KnownFault[],
): string[] {
  const known = faults.filter((fault) => fault.kind === kind && fault.suite === suite);
  const isOf = (name: string) => (fault: KnownFault) => new RegExp(fault.tests).test(name);
  const unexplained = failed.filter((name) => !known.some(isOf(name)));
  const mended = known.filter((fault) => !fault.sometimes && !failed.some((name) => isOf(name)(fault)));
  return [
    ...unexplained.map((name) => `${kind}, ${suite}: failed, and no known fault: ${name}`),
    ...mended.map(({ tests }) => `${kind}, ${suite}: nothing is red that matches ${tests}: take it out`),
  ];
}
