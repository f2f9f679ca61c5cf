import {
  type ComposedStack,
  type ContainerState,
  type ContainerStatus,
  formatContainerStatus,
  isRunningState,
  type Parent,
  readContainerStatus,
  type StackGraph,
} from "@otto/docker";
import { cleanText, escapeControls, startDeadline } from "@otto/errors";
import { formatReportFiles, type ReportFiles, type ReportPlace, writeReportFiles } from "./report-files.js";

/** A container of a stack, as it was when it was looked at. */
export interface ContainerReport {
  readonly service: string;
  readonly name: string;
  readonly state: ContainerState;
  /** That of its last end; absent while it runs. */
  readonly exitCode?: number | undefined;
  readonly isOutOfMemory: boolean;
  /** Whether it is what may have failed: ended with an error, restarting, or not healthy. */
  readonly isFailing: boolean;
  /** The last lines of its output. */
  readonly logs: string;
}

/** A stack's containers, those that fail first. */
export interface StackReport {
  readonly project: string;
  /** Id; of several, all of them. */
  readonly parent: string;
  readonly containers: readonly ContainerReport[];
  /** Where its graph and logs were written; absent where they were not. */
  readonly files?: ReportFiles;
}

interface ReportedStack extends Pick<ComposedStack, "project" | "redact"> {
  readonly signal?: AbortSignal | undefined;
}

/** Log lines read of each container. */
const reportedLines = 200;

/**
 * Asks each engine for a stack's containers, stopped ones too, and the end of their logs.
 * @throws OttoError `ENGINE_…`, `SSH_…`
 */
export async function readStackReport(
  parents: readonly Parent[],
  { project, redact, signal }: ReportedStack,
): Promise<StackReport> {
  const labels = [`com.docker.compose.project=${project}`];
  const found = await Promise.all(
    parents.map(async (parent) => {
      const listed = await parent.engine.listContainers({ all: true, labels }, signal);
      return Promise.all(listed.map(({ Id }) => readContainer(parent, Id, signal)));
    }),
  );
  const containers = found.flat();
  const present = await Promise.all(
    containers
      .filter((container) => container !== undefined)
      .map(async (container) => ({ ...container, logs: await redact(container.logs) })),
  );
  const sorted = present.sort((a, b) => Number(b.isFailing) - Number(a.isFailing) || a.name.localeCompare(b.name));
  return { project, parent: parents.map(({ id }) => id).join(", "), containers: sorted };
}

async function readContainer(
  { engine }: Parent,
  id: string,
  signal: AbortSignal | undefined,
): Promise<ContainerReport | undefined> {
  const details = await engine.inspectContainer(id, signal);
  if (details === undefined) return undefined;
  const { Config, Name, State } = details;
  const logs = await readEnd(engine.readLog({ id, tty: Config.Tty }, { tail: reportedLines }, signal));
  const status = readContainerStatus({
    state: State.Status,
    exitCode: State.ExitCode,
    health: State.Health?.Status,
  });
  return {
    service: Config.Labels["com.docker.compose.service"] ?? "",
    name: Name.replace(/^\//, ""),
    ...status,
    isOutOfMemory: State.OOMKilled,
    isFailing: isFailing(status),
    logs: cleanText(logs).trimEnd(),
  };
}

async function readEnd(log: ReturnType<Parent["engine"]["readLog"]>): Promise<string> {
  let text = "";
  for await (const entries of log) {
    for (const { bytes, endsLine } of entries) text += endsLine ? `${bytes.toString()}\n` : bytes.toString();
  }
  return text;
}

function isFailing({ state, exitCode }: ContainerStatus): boolean {
  if (state === "exited") return exitCode !== 0;
  return state === "unhealthy" || !isRunningState(state);
}

/** Milliseconds: a parent that does not answer must not hold a failed test up. */
const describeTimeoutMs = 10_000;

/** Looks at a stack for a failed test; what keeps it from that is part of the text. */
export async function describeStack(
  stack: ReportingStack,
  place?: ReportPlace,
): Promise<{ text: string; report?: StackReport }> {
  using deadline = startDeadline(describeTimeoutMs);
  try {
    const report = await stack.report(deadline.signal);
    const text = formatStackReport(report);
    if (place === undefined || stack.graph === undefined) return { text, report };
    return await addFiles({ text, report }, stack.graph(deadline.signal), place);
  } catch (error) {
    return { text: `the stack ${stack.project} could not be looked at: ${reasonOf(error)}` };
  }
}

/** Without the files, the report is still worth most. */
async function addFiles(
  { text, report }: { readonly text: string; readonly report: StackReport },
  graph: Promise<StackGraph>,
  place: ReportPlace,
): Promise<{ text: string; report: StackReport }> {
  try {
    const files = await writeReportFiles(report, await graph, place);
    return { text: `${text}\n${formatReportFiles(files)}`, report: { ...report, files } };
  } catch (error) {
    return { text: `${text}\nits graph and logs could not be written: ${reasonOf(error)}`, report };
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

interface ReportingStack {
  readonly project: string;
  report(signal?: AbortSignal): Promise<StackReport>;
  graph?(signal?: AbortSignal): Promise<StackGraph>;
}

/** Gives an error the stack's report as its cause, unless it has one. */
export async function explainByStack(error: unknown, stack: ReportingStack): Promise<void> {
  if (!(error instanceof Error) || error.cause !== undefined) return;
  const cause = new Error((await describeStack(stack)).text);
  cause.name = "StackReport";
  delete cause.stack;
  error.cause = cause;
}

/** A report in lines: each container's state and the last `lines` of its logs. */
export function formatStackReport({ project, parent, containers }: StackReport, lines = 20): string {
  const parts = containers.flatMap((container) => [
    escapeControls(
      `${container.service} (${container.name}): ${formatContainerStatus(container)}${container.isOutOfMemory ? ", out of memory" : ""}`,
      { line: true },
    ),
    ...container.logs
      .split("\n")
      .slice(-lines)
      .filter((line) => line !== "")
      .map((line) => `  | ${line}`),
  ]);
  return [`the stack ${project} on ${parent}:`, ...(parts.length === 0 ? ["it has no containers"] : parts)].join("\n");
}
