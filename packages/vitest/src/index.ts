export { type StackContext, type StackFixtureOptions, type StackFixtures, stackFixtures } from "./fixtures.js";
export { holdStack } from "./held-stack.js";
export type { ReportFiles } from "./report-files.js";
export { type ContainerReport, formatStackReport, type StackReport } from "./stack-report.js";
export { openStack, type SuiteStack, type SuiteStackOptions } from "./suite-stack.js";
