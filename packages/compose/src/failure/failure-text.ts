import { formatContainerStatus, readContainerStatus } from "@otto/engine";
import type { ContainerReport, HealthProbe } from "./container-report.js";
import { explainExit } from "./exit-meaning.js";
import type { WaitingService } from "./failure-order.js";
import { unwrapStartError } from "./start-error.js";

/** A service that is not up, and why. Texts are clean. */
export interface ServiceFailure {
  readonly service: string;
  /** As "its health check fails". */
  readonly because: string;
  readonly container: ContainerReport | undefined;
}

export interface StackFailure {
  /** What others need comes first. */
  readonly failed: readonly ServiceFailure[];
  /** The services that were not started because of them. */
  readonly waiting: readonly WaitingService[];
}

/** The reason in one line: what was judged, and what the engine or the health check say of it. */
export function formatReason({ because, container }: ServiceFailure): string {
  if (container === undefined) return because;
  const { startError, probe, health } = container;
  if (startError !== "" && container.state !== "running")
    return `the engine cannot start it: ${unwrapStartError(startError)}`;
  if (container.state === "running" && probe !== undefined && health !== "healthy") {
    const output = unwrapStartError(firstLine(probe.output));
    return output === "" ? because : `${because}: ${output}`;
  }
  const meaning = container.exitCode === 0 ? undefined : explainExit(container);
  return meaning === undefined ? because : `${because} (${meaning})`;
}

/** A line or more of each service that is not up. */
export function formatStackFailure({ failed, waiting }: StackFailure): string[] {
  return [
    ...failed.flatMap(formatService),
    ...waiting.map((one) => `  ${one.service}: waits for ${one.for.join(" and ")}`),
  ];
}

function formatService({ service, because, container }: ServiceFailure): string[] {
  if (container === undefined) return [`  ${service}: ${because}`];
  const { probe, logs } = container;
  return [
    `  ${service}: ${formatState(container)}`,
    ...(probe === undefined || container.health === "healthy" ? [] : formatProbe(probe)),
    ...formatLogs(logs),
  ];
}

function formatState(container: ContainerReport): string {
  const { restarts, exitCode, startError } = container;
  const words = formatContainerStatus(readContainerStatus(container));
  const meaning =
    startError === "" && container.state !== "running" && exitCode !== 0 ? explainExit(container) : undefined;
  const count = restarts === 0 ? [] : [`restarted ${restarts} ${restarts === 1 ? "time" : "times"}`];
  const error = startError === "" || container.state === "running" ? [] : [unwrapStartError(startError)];
  return [words, ...(meaning === undefined ? [] : [meaning]), ...count, ...error].join(", ");
}

function formatProbe({ command, exitCode, output }: HealthProbe): string[] {
  const [first = "", ...rest] = output.trim().split("\n");
  // The engine's own number for one that did not end by itself.
  const ended = exitCode === -1 ? "did not run to its end" : `exit code ${exitCode}`;
  const said = first === "" ? ", no output" : `: ${first}`;
  return [
    `    health check: ${command} (${ended})${said}`,
    ...rest.slice(-maxProbeLines).map((line) => `    | ${line}`),
  ];
}

const maxProbeLines = 5;

function formatLogs(logs: string): string[] {
  if (logs === "") return ["    it logged nothing"];
  return ["    last log lines:", ...logs.split("\n").map((line) => `    | ${line}`)];
}

function firstLine(text: string): string {
  return text.trim().split("\n")[0] ?? "";
}
