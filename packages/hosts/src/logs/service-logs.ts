import type { Engine } from "@otto/engine";
import { ContainerLog, type LogReading } from "./container-log.js";
import { followServices, type OpenLog } from "./follow-services.js";
import type { LogLine } from "./log-line.js";
import { isSpan, parseLogTime } from "./log-time.js";
import { mergeByTime } from "./merge-by-time.js";
import { type LogSelection, listServiceContainers, type ServiceContainer } from "./service-containers.js";

export interface LogOptions {
  /** Go on with what comes, also of containers that are restarted or replaced, until the project is taken down. Default false. */
  readonly follow?: boolean | undefined;
  /** A time, or a span before now on the parent's clock: `10m`, `1h30m`. Default: from the beginning. */
  readonly since?: Date | string | undefined;
  /** The same, of the last line that is wanted; not with `follow`. Default: to the end. */
  readonly until?: Date | string | undefined;
  /** So many of the last lines of each container; what follows is not counted. Default: all. */
  readonly tail?: number | undefined;
  /** How long a cut link or a silent engine is waited for, in milliseconds. Default 60,000. */
  readonly patienceMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A line and whose it is. */
export interface ServiceLogLine extends LogLine {
  readonly service: string;
  /** 1 for a service's first container. */
  readonly replica: number;
}

const defaultPatienceMs = 60_000;

/**
 * The lines of a project's containers: what is there in order of time, then what comes as it comes. When the link is cut,
 * it is read on where it was left: no line is lost or repeated, as long as the engine still has it. Following ends when the
 * project has no container left, running or not; leave the loop or abort to end it before.
 * @throws TypeError at once for a `since`, `until` or `tail` that is none, and for `until` with `follow`; OttoError what connecting throws, `ENGINE_REQUEST_FAILED`
 * where the container's log driver cannot be read
 */
export function readServiceLogs(
  engine: Engine,
  selection: LogSelection,
  options: LogOptions = {},
): AsyncGenerator<ServiceLogLine, void> {
  checkLogOptions(options);
  return readLogs(engine, selection, options);
}

/** @throws TypeError as {@link readServiceLogs} */
export function checkLogOptions({ since, until, tail, follow }: LogOptions): void {
  for (const time of [since, until]) if (time !== undefined) parseLogTime(time, () => new Date(0));
  if (until !== undefined && follow === true) throw new TypeError("`until` ends what `follow` would go on with");
  if (tail !== undefined && !(Number.isInteger(tail) && tail >= 0)) throw new TypeError(`no number of lines: ${tail}`);
}

async function* readLogs(
  engine: Engine,
  selection: LogSelection,
  {
    follow = false,
    since,
    until,
    tail,
    patienceMs = defaultPatienceMs,
    signal = new AbortController().signal,
  }: LogOptions,
): AsyncGenerator<ServiceLogLine, void> {
  const [from, to] = [await resolveTime(engine, since, signal), await resolveTime(engine, until, signal)];
  const reading = { engine, patienceMs, signal, since: from, until: to };
  const containers = await listServiceContainers(engine, selection, signal);
  const logs = containers.map((container) => ({ container, log: new ContainerLog(container.id) }));
  const histories = logs.map(({ container, log }) => tagged(container, log.history(reading, tail)));
  for await (const lines of mergeByTime(histories)) for (const line of lines) yield line;
  if (follow) yield* followAll(reading, selection, logs);
}

async function* followAll(
  reading: LogReading,
  selection: LogSelection,
  logs: readonly OpenLog[],
): AsyncGenerator<ServiceLogLine> {
  for await (const { container, line } of followServices(reading, selection, logs)) yield tag(container, line);
}

async function resolveTime(
  engine: Engine,
  time: Date | string | undefined,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (time === undefined) return undefined;
  const now = isSpan(time) ? await engine.time(signal) : new Date(0);
  return parseLogTime(time, () => now);
}

async function* tagged(
  container: ServiceContainer,
  batches: AsyncIterable<readonly LogLine[]>,
): AsyncGenerator<ServiceLogLine[]> {
  for await (const lines of batches) yield lines.map((line) => tag(container, line));
}

// Key by key: a spread of each of a million lines takes seconds.
function tag({ service, replica }: ServiceContainer, { stream, timestamp, bytes, text }: LogLine): ServiceLogLine {
  return { stream, timestamp, bytes, text, service, replica };
}
