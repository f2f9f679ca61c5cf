import { setTimeout as delay } from "node:timers/promises";
import { readListedStatus } from "@otto/engine";
import { cleanText, isOttoError, OttoError, startDeadline } from "@otto/errors";
import type { Tunnel } from "../forward/tunnel.js";
import type { LogLine } from "../logs/log-line.js";
import type { LogOptions } from "../logs/service-logs.js";
import { defaultTimeoutMs } from "../process/command.js";
import type { RequiredContainer } from "./container-finder.js";
import {
  checkCondition,
  createLineTest,
  formatCondition,
  type HttpCondition,
  isWantedStatus,
  type LogCondition,
  parseStatusLine,
  type WaitCondition,
} from "./wait-condition.js";

export interface WaitOptions {
  /** Milliseconds. Default 30,000. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What is waited for, and what leads to it. */
export interface WaitedHost {
  readonly id: string;
  readonly service: string;
  /** Of its project's containers. */
  readonly labels: readonly string[];
  /** Brings its stack up where it has no container. */
  readonly open: (signal: AbortSignal) => Promise<unknown>;
  /** Of the container that runs. @throws OttoError `HOST_NOT_RUNNING` */
  readonly require: (signal: AbortSignal) => Promise<RequiredContainer>;
  readonly dial: (port: number, signal: AbortSignal) => Promise<Tunnel>;
  readonly logs: (options: LogOptions) => AsyncIterable<LogLine>;
}

/** Nothing tells that a port is listened on. */
const pollMs = 100;
/** A program that does not say whether it is connected has failed within this, or is. */
const connectMs = 500;
/** An answer's first line is shorter. */
const longestLineBytes = 4096;

/**
 * Waits until a condition holds.
 * @returns the line that a log was waited for
 * @throws TypeError for a condition that is none; OttoError `HOST_WAIT_TIMEOUT`, `HOST_NO_HEALTHCHECK`, and what bringing its
 * stack up throws
 */
export async function waitForCondition(
  host: WaitedHost,
  condition: WaitCondition,
  { timeoutMs = defaultTimeoutMs, signal }: WaitOptions,
): Promise<LogLine | undefined> {
  checkCondition(condition);
  let last: unknown;
  const note = (error: unknown) => {
    last = error;
  };
  using deadline = startDeadline(timeoutMs, signal);
  try {
    await host.open(deadline.signal);
    return await waitOnce(host, condition, { signal: deadline.signal, note });
  } catch (error) {
    if (deadline.passed) throw waitTimedOut(host, condition, { timeoutMs, last });
    throw error;
  }
}

interface Waiting {
  readonly signal: AbortSignal;
  /** Keeps why it does not hold yet. */
  readonly note: (error: unknown) => void;
}

async function waitOnce(host: WaitedHost, condition: WaitCondition, waiting: Waiting): Promise<LogLine | undefined> {
  if ("log" in condition) return waitForLine(host, condition, waiting);
  if ("healthy" in condition) await waitForHealth(host, waiting);
  else if ("port" in condition) await untilDone(waiting, () => connect(host, condition.port, waiting.signal));
  else await untilDone(waiting, () => askHttp(host, condition.http, waiting.signal));
  return undefined;
}

async function waitForLine(
  host: WaitedHost,
  { log, since }: LogCondition,
  { signal, note }: Waiting,
): Promise<LogLine> {
  const holds = createLineTest(log);
  const read = async () => {
    for await (const line of host.logs({ follow: true, since, signal })) if (holds(line.text)) return line;
    // Its project is down; one may come up.
    throw new Error("it has no container");
  };
  return untilDone({ signal, note }, read);
}

async function untilDone<T>({ signal, note }: Waiting, attempt: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      signal.throwIfAborted();
      note(error);
    }
    await delay(pollMs, undefined, { signal });
  }
}

async function connect(host: WaitedHost, port: number, signal: AbortSignal): Promise<void> {
  const tunnel = await openTunnel(host, port, signal);
  tunnel.close();
}

async function openTunnel(host: WaitedHost, port: number, signal: AbortSignal): Promise<Tunnel> {
  const tunnel = await host.dial(port, signal);
  for (const stream of [tunnel.readable, tunnel.writable]) stream.on("error", () => {});
  const settled = new AbortController();
  const waited = delay(connectMs, undefined, { signal: settled.signal }).catch(() => {});
  const failure = await Promise.race([tunnel.failure, untilBytes(tunnel, settled.signal), waited]);
  settled.abort();
  if (!(failure instanceof Error)) return tunnel;
  tunnel.close();
  throw failure;
}

/** Not at its end: of one that failed, that comes before the failure. */
function untilBytes({ readable }: Tunnel, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const onReadable = () => {
      if (readable.readableLength > 0) resolve();
    };
    readable.on("readable", onReadable);
    signal.addEventListener("abort", () => readable.off("readable", onReadable), { once: true });
  });
}

async function askHttp(host: WaitedHost, http: HttpCondition["http"], signal: AbortSignal): Promise<void> {
  const { port, path = "/" } = http;
  const tunnel = await openTunnel(host, port, signal);
  const onAbort = () => tunnel.close();
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    tunnel.writable.write(`GET ${path} HTTP/1.1\r\nHost: ${host.service}:${port}\r\nConnection: close\r\n\r\n`);
    let answer = "";
    for await (const chunk of tunnel.readable as AsyncIterable<Buffer>) {
      answer += chunk.toString("latin1");
      if (answer.includes("\n") || answer.length > longestLineBytes) break;
    }
    const status = parseStatusLine(answer);
    if (status === undefined) throw new Error("what listens there does not answer by HTTP/1.1");
    if (!isWantedStatus(status, http)) throw new Error(`it answers with status ${status}`);
  } finally {
    signal.removeEventListener("abort", onAbort);
    tunnel.close();
  }
}

async function waitForHealth(host: WaitedHost, { signal, note }: Waiting): Promise<void> {
  for (;;) {
    try {
      const { engine } = await host.require(signal);
      const events = await engine.watchContainers(host.labels, signal, ["health_status"]);
      if (await isHealthy(host, { signal, note })) return;
      for await (const _ of events) if (await isHealthy(host, { signal, note })) return;
    } catch (error) {
      signal.throwIfAborted();
      if (isOttoError(error, "HOST_NO_HEALTHCHECK")) throw error;
      note(error);
    }
    await delay(pollMs, undefined, { signal });
  }
}

/** @throws OttoError `HOST_NO_HEALTHCHECK` */
async function isHealthy(host: WaitedHost, { signal, note }: Waiting): Promise<boolean> {
  const { container } = await host.require(signal);
  const { state } = readListedStatus(container);
  note(new Error(`it is ${state}`));
  if (state !== "running") return state === "healthy";
  throw new OttoError("HOST_NO_HEALTHCHECK", `waiting for ${host.id}: its container has no health check`, {
    hint: "Declare a `healthcheck` for the service, or wait for a port or a line of its log.",
    details: { host: host.id },
  });
}

function waitTimedOut(
  { id, service }: WaitedHost,
  condition: WaitCondition,
  { timeoutMs, last }: { readonly timeoutMs: number; readonly last: unknown },
): OttoError {
  const why = last instanceof Error ? `: ${cleanText(last.message)}` : "";
  const message = `waiting for ${id}: ${formatCondition(condition)} did not come in ${timeoutMs / 1000} s${why}`;
  return new OttoError("HOST_WAIT_TIMEOUT", message, {
    hint: `See what it wrote: otto docker logs ${service}`,
    details: { host: id, timeoutMs },
    cause: last,
  });
}
