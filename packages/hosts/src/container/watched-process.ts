import type { ContainerProcess } from "@otto/engine";
import { createSentinel } from "../process/sentinel-lines.js";
import { readStartReport, type StartReport, type StartReportOptions } from "../process/start-report.js";

/** A script that says what becomes of its command, and ends it when its own stdin ends. */
export interface WatchedProcess {
  readonly process: ContainerProcess;
  readonly report: StartReport;
}

/** @param start starts the script, with a stdin, and is told how to learn the exit code */
export async function startWatched(
  start: (reportedExitCode: () => Promise<number | undefined>) => Promise<ContainerProcess>,
  options: StartReportOptions = {},
): Promise<WatchedProcess> {
  let report: StartReport | undefined;
  const process = await start(async () => report?.exitCode);
  const onWanted = () => void process.stdin.write(`${createSentinel()}\n`);
  report = readStartReport(process.stderr, undefined, { ...options, onWanted });
  return { process, report };
}
