import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { runCommand } from "./command.js";

/** Something that happened on an engine, as `docker events` says it. */
export interface EngineEvent {
  readonly Type: string;
  readonly Action: string;
  readonly Actor: { readonly ID: string; readonly Attributes: Readonly<Record<string, string>> };
}

/**
 * Runs `work`; everything that an engine says has happened meanwhile, in its order.
 *
 * It is listened to all the time: an engine that is asked afterwards knows its last 256 events alone.
 * @param address of the engine, for `docker --host`. Default: this machine's
 */
export async function recordEngineEvents(
  work: () => Promise<unknown>,
  address?: string,
): Promise<readonly EngineEvent[]> {
  const host = address === undefined ? [] : ["--host", address];
  const mark = `otto-mark-${randomBytes(6).toString("hex")}`;
  const listener = listen(await engineTime(host), [], host);
  const heard = listenUntil(listener.stdout, mark);
  try {
    await work();
    // What happened before this volume came has been said when it is.
    await runCommand("docker", [...host, "volume", "create", mark]);
    return await heard;
  } finally {
    listener.kill();
    await runCommand("docker", [...host, "volume", "rm", "--force", mark]);
  }
}

/** What an engine takes for now. @param host options of `docker`. Default: this machine's engine */
export async function engineTime(host: readonly string[] = []): Promise<string> {
  return (await runCommand("docker", [...host, "info", "--format", "{{.SystemTime}}"])).trim();
}

/**
 * Waits until this machine's engine says that something has happened.
 * @param since an {@link engineTime}: what happened after it counts
 * @param filters of `docker events`: `event=create`
 */
export async function engineEvent(since: string, filters: readonly string[]): Promise<void> {
  const listener = listen(since, filters);
  try {
    await once(listener.stdout, "data");
  } finally {
    listener.kill();
  }
}

function listen(since: string, filters: readonly string[], host: readonly string[] = []) {
  const argv = [
    ...host,
    "events",
    "--since",
    since,
    "--format",
    "{{json .}}",
    ...filters.flatMap((each) => ["--filter", each]),
  ];
  return spawn("docker", argv, { stdio: ["ignore", "pipe", "inherit"] });
}

async function listenUntil(stdout: Readable, volume: string): Promise<EngineEvent[]> {
  const events: EngineEvent[] = [];
  for await (const line of createInterface({ input: stdout })) {
    const event = JSON.parse(line) as EngineEvent;
    if (event.Type === "volume" && event.Actor.ID === volume) break;
    events.push(event);
  }
  return events;
}
