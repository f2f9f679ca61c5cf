import type { BuildEvent, DownEvent, ImageResult, ServiceEvent, UpEvent, UpStep } from "@otto/docker";
import { formatBytes } from "../byte-count.js";
import { formatDuration } from "../duration.js";
import { wordsOfHolder } from "../holder-words.js";
import { addOutput } from "./step-output.js";

/** What happens while images are built, or a stack is brought up or taken down. */
export type BoardEvent = BuildEvent | UpEvent | DownEvent;

/** What a service or an image is when a verb has been done to it. */
export const doneWords = {
  ...{ up: "up", down: "down", build: "built", stop: "stopped", start: "started", restart: "restarted" },
  ...{ pull: "pulled", kill: "killed", pause: "paused", unpause: "unpaused" },
} as const;

/** What is done, to which stack. */
export interface BoardTitle {
  readonly verb: keyof typeof doneWords;
  readonly repo: string;
  /** With the way to it. */
  readonly parent: string;
}

/** `idle`: nothing is done to it now. */
export type Tone = "idle" | "working" | "done" | "failed";

export interface Transfer {
  readonly bytes: number;
  readonly totalBytes: number;
  /** When its first bytes went. */
  readonly began: number;
}

/** An image, a service's container, a network or a volume. */
export interface BoardRow {
  readonly section: "image" | "service" | "resource";
  readonly name: string;
  readonly tone: Tone;
  readonly words: string;
  /** When it came to be at this, in the board's milliseconds. */
  readonly since: number;
  readonly transfer?: Transfer | undefined;
  /** What its step wrote last; the last line may go on. */
  readonly said: readonly string[];
  /** Of an image: when its build began, what was sent for it, and whether a step was done that was not cached. */
  readonly began: number;
  readonly sentBytes: number;
  readonly isBuilt: boolean;
  /** How it failed before it was started again. */
  readonly failure?: string | undefined;
}

/** What there is to show of a run, and what its summary needs. */
export interface Board {
  readonly title: BoardTitle;
  readonly began: number;
  /** What goes on where no row says it. */
  readonly phase: string;
  readonly rows: ReadonlyMap<string, BoardRow>;
  readonly totals: BoardTotals;
  /** What an `up` ends with. */
  readonly ready: Extract<UpEvent, { type: "compose.ready" }> | undefined;
}

export interface BoardTotals {
  readonly built: number;
  readonly cached: number;
  readonly pulled: number;
  readonly sentBytes: number;
  /** Services to whose containers something was done. */
  readonly changed: ReadonlySet<string>;
}

/** @param began when it begins, in milliseconds of a clock that only grows; events come with the same clock's */
export function openBoard(title: BoardTitle, began: number): Board {
  const totals = { built: 0, cached: 0, pulled: 0, sentBytes: 0, changed: new Set<string>() };
  return { title, began, phase: `connecting to ${title.parent}`, rows: new Map(), totals, ready: undefined };
}

/** The board after an event. Changes nothing. */
export function followEvent(board: Board, event: BoardEvent, now: number): Board {
  const followed = followKind(board, event, now);
  return "image" in event ? { ...followed, phase: phaseOfImages(followed) } : followed;
}

/** Between the last image and the first service it is the stack that is looked at. */
function phaseOfImages({ rows, title }: Board): string {
  const isAtWork = [...rows.values()].some(({ tone }) => tone === "working");
  return isAtWork || title.verb === "build" ? "" : "checking what is there";
}

function followKind(board: Board, event: BoardEvent, now: number): Board {
  switch (event.type) {
    case "build.waiting":
      return set(board, imageKey(event.image), now, { words: `waiting for the build of ${wordsOfHolder(event)}` });
    case "build.started":
      return set(board, imageKey(event.image), now, { tone: "working", words: "building", began: now, isBuilt: true });
    case "build.step":
      return event.state === "started"
        ? set(board, imageKey(event.image), now, { tone: "working", words: event.step, said: [] })
        : board;
    case "build.output":
      return say(board, imageKey(event.image), now, event.text);
    case "build.sent":
      return move(board, imageKey(event.image), now, event, event.bytes);
    case "build.finished":
      return finishImage(board, event, now);
    case "registry.started": {
      const words = `${event.action === "pull" ? "pulling" : "pushing"} ${event.tag}`;
      return set(board, imageKey(event.image), now, { tone: "working", words, said: [], transfer: undefined });
    }
    case "registry.bytes":
      return move(board, imageKey(event.image), now, event);
    case "registry.retrying": {
      const words = `${event.action} of ${event.tag}: retrying in ${event.afterSeconds} s`;
      return set(board, imageKey(event.image), now, { words });
    }
    case "compose.waiting":
      return { ...board, phase: `waiting for ${wordsOfHolder(event)}` };
    case "compose.sending":
      return { ...board, phase: `sending files, ${formatBytes(event.bytes)} of ${formatBytes(event.totalBytes)}` };
    case "compose.staged":
      return { ...addTotals(board, { sentBytes: event.bytes }), phase: "" };
    case "compose.planned":
      return planRows({ ...board, phase: "" }, event.steps, now);
    case "compose.service":
      return followService({ ...board, phase: "" }, event, now);
    case "compose.build":
      return followComposeBuild(board, event, now);
    case "compose.build-output":
      return say(board, composeKey(event.service), now, `${event.text}\n`);
    case "compose.pull":
      return followPull(board, event, now);
    case "compose.resource": {
      const tone = tonesOfResource[event.state] ?? "working";
      const name = event.name;
      return set(board, `${event.resource} ${name}`, now, {
        ...{ section: "resource", name: `${event.resource} ${name}`, tone, words: event.state },
      });
    }
    case "compose.ready":
      return { ...board, ready: event };
    // These are printed beside the board, or change no row.
    case "build.warning":
    case "registry.layer":
    case "registry.done":
    case "compose.output":
    case "compose.started":
    case "compose.warning":
    case "compose.used":
      return board;
  }
}

const imageKey = (image: string) => `image ${image}`;
/** A service may be called as an image is. */
const composeKey = (service: string) => `compose ${service}`;
const serviceKey = ({ service, replica }: Pick<ServiceEvent, "service" | "replica">) =>
  `service ${service} ${replica ?? 1}`;

const tonesOfResource: Readonly<Record<string, Tone>> = {
  ...{ created: "done", removed: "done", kept: "idle", failed: "failed" },
};

/** The name of the image, service or resource that a row's key belongs to. */
const nameOf = (key: string) => key.replace(/^\S+ /, "").replace(key.startsWith("service ") ? / \d+$/ : "", "");

function set(board: Board, key: string, now: number, change: Partial<BoardRow>): Board {
  const before = board.rows.get(key) ?? emptyRow(key, now);
  const isOther = change.words !== undefined && change.words !== before.words;
  const row = { ...before, ...(isOther && { since: now }), ...change };
  return { ...board, rows: new Map(board.rows).set(key, row) };
}

function emptyRow(key: string, now: number): BoardRow {
  const section = key.startsWith("service ") ? "service" : "image";
  const numbers = { since: now, began: now, sentBytes: 0 };
  return { section, name: nameOf(key), tone: "working", words: "", said: [], isBuilt: false, ...numbers };
}

function say(board: Board, key: string, now: number, text: string): Board {
  const said = addOutput(board.rows.get(key)?.said ?? [], text);
  return set(board, key, now, { said });
}

interface Moved {
  readonly bytes: number;
  readonly totalBytes: number;
}

/** @param sentBytes of what the workstation sends */
function move(board: Board, key: string, now: number, { bytes, totalBytes }: Moved, sentBytes?: number): Board {
  const began = board.rows.get(key)?.transfer?.began ?? now;
  // What has arrived is no longer worth a bar.
  const transfer = bytes < totalBytes ? { bytes, totalBytes, began } : undefined;
  return set(board, key, now, { transfer, ...(sentBytes !== undefined && { sentBytes }) });
}

function addTotals(board: Board, more: Partial<Record<"built" | "cached" | "pulled" | "sentBytes", number>>): Board {
  const totals = { ...board.totals };
  for (const [name, count] of Object.entries(more) as [keyof typeof more, number][]) totals[name] += count;
  return { ...board, totals };
}

/** How an image of the settings ended. */
export interface ImageEnd {
  readonly image: string;
  readonly result: ImageResult;
}

function finishImage(board: Board, event: ImageEnd, now: number): Board {
  const { result } = event;
  const key = imageKey(event.image);
  const row = board.rows.get(key) ?? emptyRow(key, now);
  const end = { transfer: undefined, said: [] };
  if (result.status === "failed") return set(board, key, now, { ...end, tone: "failed", words: "failed" });
  const { source, durationMs, pushed, tag } = result;
  const what = {
    present: "cached",
    pulled: `pulled in ${formatDuration(durationMs)}`,
    built: `built in ${formatDuration(durationMs)}, sent ${formatBytes(row.sentBytes)}`,
  }[source];
  const words = `${what}${pushed ? ", pushed" : ""} → ${tag}`;
  const count = { present: "cached", pulled: "pulled", built: "built" } as const;
  const counted = addTotals(board, { [count[source]]: 1, sentBytes: row.sentBytes });
  return set(counted, key, now, { ...end, tone: "done", words });
}

const plannedWords: Partial<Record<UpStep["do"], string>> = {
  ...{ create: "to be created", recreate: "to be replaced", start: "to be started", restart: "to be restarted" },
  ...{ remove: "to be removed", pull: "to be pulled", build: "to be built", unpause: "to be unpaused" },
};

/** Of each service one row; what is planned anew changes no row of one that is at work already. */
function planRows(board: Board, steps: readonly UpStep[], now: number): Board {
  const changed = new Set(board.totals.changed);
  let planned = board;
  for (const { do: action, service } of steps) {
    if (service === undefined) continue;
    if (action !== "leave" && action !== "pull") changed.add(service);
    const key = serviceKey({ service });
    const tone = board.rows.get(key)?.tone ?? "idle";
    if (tone !== "idle") continue;
    if (action === "leave") planned = set(planned, key, now, { tone: "done", words: "unchanged" });
    else planned = set(planned, key, now, { tone: "idle", words: plannedWords[action] ?? action });
  }
  return { ...planned, totals: { ...planned.totals, changed } };
}

const tones: Readonly<Record<ServiceEvent["state"], Tone>> = {
  ...{ pulling: "working", pulled: "idle", building: "working", built: "idle", waiting: "idle" },
  ...{ creating: "working", created: "idle", starting: "working", running: "done", healthy: "done" },
  ...{ unhealthy: "failed", restarting: "failed", exited: "done", paused: "idle" },
  ...{ stopping: "working", stopped: "idle", removing: "working", removed: "done", failed: "failed" },
};

/** What is the end of it for one verb is a state on the way for others. */
const doneStates: Partial<Record<BoardTitle["verb"], ServiceEvent["state"]>> = {
  ...{ stop: "stopped", kill: "stopped", pause: "paused", pull: "pulled" },
};

const removalStates: ReadonlySet<string> = new Set(["stopping", "stopped", "removing", "removed"]);

function followService(board: Board, event: ServiceEvent, now: number): Board {
  const { service, replica = 1, state, exitCode = 0 } = event;
  const key = serviceKey(event);
  if (state === "building" || state === "built") return followBuildState(board, event, now);
  const changed = new Set(board.totals.changed).add(service);
  const pulled = state === "pulled" ? 1 : 0;
  const counted = { ...board, totals: { ...board.totals, changed, pulled: board.totals.pulled + pulled } };
  const name = replica === 1 ? service : `${service}.${replica}`;
  const words = wordsOfService(event);
  const before = board.rows.get(key);
  // What failed is seen to the end, also when an `up` takes it down again.
  if (board.title.verb === "up" && before?.tone === "failed" && removalStates.has(state)) return counted;
  const failure = before?.failure;
  // One that crashes again and again runs now and then.
  if (failure !== undefined && (state === "running" || state === "starting"))
    return set(counted, key, now, { name, tone: "working", words: `${state} again, was ${failure}` });
  const isFailure = state === "exited" && exitCode !== 0;
  const tone = isFailure ? "failed" : doneStates[board.title.verb] === state ? "done" : tones[state];
  const isCrash = state === "restarting" && exitCode !== 0;
  return set(counted, key, now, { name, tone, words, transfer: undefined, failure: isCrash ? words : undefined });
}

/** What a service is at, in a few words. */
export function wordsOfService(event: ServiceEvent): string {
  const { state, waitsFor = [], exitCode, afterMs, detail } = event;
  const code = exitCode === undefined ? "" : ` (${exitCode})`;
  const after = afterMs === undefined ? "" : ` after ${formatDuration(afterMs)}`;
  const what = state === "waiting" ? `waiting for ${waitsFor.join(", ")}` : `${state}${code}${after}`;
  return detail === undefined ? what : `${what}: ${detail}`;
}

/** The image that compose builds for a service has a row of its own. */
function followBuildState(board: Board, event: ServiceEvent, now: number): Board {
  const { service, state } = event;
  const key = composeKey(service);
  const before = board.rows.get(key);
  if (state === "building") {
    const waiting = set(board, serviceKey({ service }), now, { tone: "idle", words: "its image is built" });
    return set(waiting, key, now, { tone: "working", words: "building", ...(before === undefined && { began: now }) });
  }
  const isBuilt = before?.isBuilt === true;
  const words = isBuilt ? `built in ${formatDuration(now - (before?.began ?? now))}` : "cached";
  const counted = addTotals(board, isBuilt ? { built: 1 } : { cached: 1 });
  const row = { tone: "done", words, said: [], transfer: undefined } as const;
  return set(set(counted, key, now, row), serviceKey({ service }), now, { tone: "idle", words: "its image is there" });
}

function followComposeBuild(board: Board, event: Extract<UpEvent, { type: "compose.build" }>, now: number): Board {
  const key = composeKey(event.service);
  if (event.state === "failed") return set(board, key, now, { tone: "failed", words: `failed at ${event.step}` });
  if (event.state !== "started") return board;
  // The base image is there, or is pulled: that alone builds nothing.
  const isBuilt = board.rows.get(key)?.isBuilt === true || !/^\[[^\]]*\] FROM /.test(event.step);
  return set(board, key, now, { tone: "working", words: event.step, said: [], isBuilt });
}

/** Compose does not say whose the layers are: their sum stands with the first. */
function followPull(board: Board, event: Extract<UpEvent, { type: "compose.pull" }>, now: number): Board {
  const [first] = event.services;
  if (first === undefined) return board;
  const more = event.services.length === 1 ? "" : ` ${event.services.length} images`;
  const words = `${event.state === "extracting" ? "extracting" : "pulling"}${more}`;
  const key = serviceKey({ service: first });
  return move(set(board, key, now, { tone: "working", words }), key, now, event);
}
