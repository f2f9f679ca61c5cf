import type { Engine } from "@otto/engine";
import { anySignal } from "@otto/errors";
import type { LogLine } from "../logs/log-line.js";
import { listServiceContainers } from "../logs/service-containers.js";
import { type LogOptions, readServiceLogs } from "../logs/service-logs.js";
import { notRunning } from "./container-finder.js";

/** Whose log is read. */
export interface LoggedHost {
  readonly id: string;
  readonly engine: Engine;
  readonly project: string;
  readonly service: string;
  readonly replica: number;
}

/** As `readServiceLogs`, of one host. Ends when the host is closed. @param closing fires when it is */
export function readHostLogs(
  host: LoggedHost,
  options: LogOptions,
  closing: AbortSignal,
): AsyncGenerator<LogLine, void> {
  const signal = anySignal(closing, options.signal);
  const { project, service, replica } = host;
  const selection = { project, services: [service], replica };
  const lines = readServiceLogs(host.engine, selection, { ...options, signal });
  return untilClosed();

  async function* untilClosed(): AsyncGenerator<LogLine, void> {
    try {
      const containers = await listServiceContainers(host.engine, selection, signal);
      if (containers.length === 0) throw notRunning({ id: host.id, service }, { state: "absent" });
      yield* lines;
    } catch (error) {
      if (closing.aborted && options.signal?.aborted !== true) return;
      throw error;
    }
  }
}
