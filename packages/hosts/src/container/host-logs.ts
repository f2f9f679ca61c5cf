import { setTimeout as delay } from "node:timers/promises";
import type { Engine } from "@otto/engine";
import { anySignal } from "@otto/errors";
import type { StackEngine } from "../compose/compose-labels.js";
import type { LogLine } from "../logs/log-line.js";
import { listServiceContainers } from "../logs/service-containers.js";
import { checkLogOptions, type LogOptions, readServiceLogs } from "../logs/service-logs.js";
import { notRunning } from "./container-finder.js";

/** Whose log is read. */
export interface LoggedHost {
  readonly id: string;
  readonly project: string;
  readonly service: string;
  readonly replica: number;
  readonly stackEngine: StackEngine;
  /** The engine that the container is on; undefined: there is none. */
  readonly locate: (signal: AbortSignal) => Promise<Engine | undefined>;
  /** Whether `locate` may have another answer later. */
  readonly isMoving: boolean;
}

/** How often it is looked whether the container of a followed log is elsewhere. */
const lookMs = 2000;

/** As `readServiceLogs`, of one host. Ends when the host is closed. @param closing fires when it is */
export function readHostLogs(
  host: LoggedHost,
  options: LogOptions,
  closing: AbortSignal,
): AsyncGenerator<LogLine, void> {
  const signal = anySignal(closing, options.signal);
  const { project, service, replica, stackEngine } = host;
  const selection = { project, services: [service], replica, stackEngine };
  const linesOf = (engine: Engine, ends: AbortSignal) =>
    readServiceLogs(engine, selection, { ...options, signal: ends });
  checkLogOptions(options);
  return untilClosed();

  async function* untilClosed(): AsyncGenerator<LogLine, void> {
    try {
      const engine = await host.locate(signal);
      const containers = engine === undefined ? [] : await listServiceContainers(engine, selection, signal);
      if (engine === undefined || containers.length === 0)
        throw notRunning({ id: host.id, service }, { state: "absent" });
      if (host.isMoving && options.follow === true) yield* followMoving(engine);
      else yield* linesOf(engine, signal);
    } catch (error) {
      if (closing.aborted && options.signal?.aborted !== true) return;
      throw error;
    }
  }

  async function* followMoving(first: Engine): AsyncGenerator<LogLine, void> {
    for (let engine: Engine | undefined = first; engine !== undefined; ) {
      const moved = new AbortController();
      const leaving = new AbortController();
      const next: Promise<Engine | undefined> = watchMove(engine, anySignal(signal, leaving.signal)).then((other) => {
        moved.abort();
        return other;
      });
      next.catch(() => {});
      try {
        yield* linesOf(engine, anySignal(signal, moved.signal));
        // It may have moved with the last container of the project.
        const now = await host.locate(signal);
        engine = now === engine ? undefined : now;
      } catch (error) {
        if (!moved.signal.aborted) throw error;
        engine = await next;
      } finally {
        leaving.abort();
      }
    }
  }

  /** @returns the other engine that the container is on; undefined: it is gone for good */
  async function watchMove(from: Engine, ends: AbortSignal): Promise<Engine | undefined> {
    for (;;) {
      await delay(lookMs, undefined, { signal: ends });
      // Nobody who knows answers now.
      const engine = await host.locate(ends).catch(() => from);
      if (engine !== from) return engine;
    }
  }
}
