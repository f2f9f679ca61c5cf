import { randomBytes } from "node:crypto";
import type { BuildEvent, DownEvent, StackPhase, UpEvent } from "@otto/docker";
import { cleanText } from "@otto/errors";
import { nestSpans } from "./nest-spans.js";
import type { Span, SpanFacts, SpanKind, Trace } from "./trace.js";

/** What a recorder understands of what it hears; the rest says nothing of time. */
type Heard =
  | Extract<BuildEvent, { type: "build.waiting" | "build.started" | "build.step" | "build.sent" | "build.finished" }>
  | Extract<BuildEvent, { type: "registry.started" | "registry.bytes" | "registry.done" }>
  | Extract<UpEvent | DownEvent, { type: "compose.waiting" | "compose.service" | "compose.build" }>
  | StackPhase
  | SshHeard;

type SshHeard =
  | { readonly type: "ssh.connected"; readonly hop: string; readonly durationMs: number }
  | {
      readonly type: "ssh.opened";
      readonly hop: string;
      readonly what: string;
      readonly waitedMs: number;
      readonly durationMs: number;
    }
  | { readonly type: "ssh.traffic"; readonly hop: string; readonly sentBytes: number; readonly receivedBytes: number };

export interface TraceRecorderOptions {
  /** What is recorded: `otto docker up`. */
  readonly name: string;
  /** When it began, in milliseconds since 1970. Default: now. */
  readonly startMs?: number | undefined;
  /** The time in milliseconds since 1970. Default: this process's monotonic clock. */
  readonly now?: (() => number) | undefined;
}

/** Makes a trace of events. It holds nothing but the trace; concurrent calls may all be heard by one. */
export interface TraceRecorder {
  /** For `onActivity` and `onSshEvent` of a lab, or `onEvent` of a call. */
  readonly onEvent: (event: { readonly type: string }) => void;
  /** Adds what was recorded elsewhere, as a part. */
  readonly addTrace: (trace: Trace) => void;
  /** The trace so far; what has not ended, ends now. */
  readonly finish: (facts?: SpanFacts) => Trace;
}

interface OpenSpan {
  readonly id: string;
  readonly key: string;
  readonly name: string;
  readonly kind: SpanKind;
  readonly parentId: string | undefined;
  readonly startMs: number;
  facts: Record<string, string | number | boolean>;
  /** When its last byte was sent, for a transfer whose end no event reports. */
  lastMs?: number;
}

/** Starts a recording. */
export function createTraceRecorder({ name, startMs, now = monotonicNow }: TraceRecorderOptions): TraceRecorder {
  const recording = new Recording(name, startMs ?? now(), now);
  return {
    onEvent: (event) => recording.hear(event as Heard),
    addTrace: (trace) => recording.addTrace(trace),
    finish: (facts = {}) => recording.finish(facts),
  };
}

function monotonicNow(): number {
  return performance.timeOrigin + performance.now();
}

/** Well below what `parseTrace` takes. */
const mostKept = 50_000;

const newId = () => randomBytes(8).toString("hex");

const waitingStates: ReadonlySet<string> = new Set(["waiting"]);
const workingStates: ReadonlySet<string> = new Set([
  "pulling",
  "building",
  "creating",
  "starting",
  "stopping",
  "removing",
]);

class Recording {
  readonly #root: OpenSpan;
  readonly #now: () => number;
  readonly #open = new Map<string, OpenSpan>();
  readonly #done: Span[] = [];
  /** By image: how far the engine's clock seems behind ours, at most. */
  readonly #skew = new Map<string, number>();
  /** How many spans were left out. */
  #dropped = 0;
  readonly #steps: (Omit<Span, "id"> & { readonly image: string })[] = [];
  /** Undefined until a connection reports it: OpenSSH's client counts nothing. */
  #traffic: { readonly sentBytes: number; readonly receivedBytes: number } | undefined;

  constructor(name: string, startMs: number, now: () => number) {
    this.#root = { id: newId(), key: "", name, kind: "command", parentId: undefined, startMs, facts: {} };
    this.#now = now;
  }

  hear(event: Heard): void {
    switch (event.type) {
      case "build.waiting":
        this.#begin(`wait ${event.image}`, { name: `wait for the build of ${event.who}`, kind: "wait" });
        break;
      case "build.started":
        this.#end(`wait ${event.image}`);
        this.#begin(`build ${event.image}`, {
          name: `build ${event.image}`,
          kind: "build",
          facts: { tag: event.tag },
        });
        break;
      case "build.step":
        this.#addStep(event);
        break;
      case "build.sent":
        this.#transfer(`sent ${event.image}`, `send the context of ${event.image}`, event.bytes);
        break;
      case "registry.started":
        this.#end(`sent ${event.image}`);
        this.#begin(transferKey(event), { name: `${event.action} ${event.tag}`, kind: "transfer" });
        break;
      case "registry.bytes":
        this.#note(transferKey(event), { bytes: event.bytes });
        break;
      case "registry.done":
        this.#end(transferKey(event), { transferred: event.transferred, existing: event.existing });
        break;
      case "build.finished": {
        const { image, result } = event;
        for (const key of [`wait ${image}`, `sent ${image}`]) this.#end(key);
        const facts = result.status === "failed" ? { code: result.error.code } : { source: result.source };
        this.#end(`build ${image}`, facts, result.status === "failed");
        break;
      }
      case "compose.waiting":
        this.#begin(`lock ${event.project}`, { name: `wait for the lock of ${event.who}`, kind: "wait" });
        break;
      case "compose.phase":
        this.#followPhase(event);
        break;
      case "compose.service":
        this.#followService(event);
        break;
      case "compose.build":
        this.#followComposeBuild(event);
        break;
      case "ssh.connected":
        this.#past(`connect to ${event.hop}`, "ssh", event.durationMs);
        break;
      case "ssh.opened":
        if (event.waitedMs >= 1)
          this.#past(`wait for a session on ${event.hop}`, "wait", event.waitedMs, event.durationMs);
        this.#past(`open a ${event.what} on ${event.hop}`, "ssh", event.durationMs);
        break;
      case "ssh.traffic":
        this.#addTraffic(event);
    }
  }

  addTrace({ spans }: Trace): void {
    const known = new Set(spans.map(({ id }) => id));
    for (const span of spans) {
      const parentId = span.parentId !== undefined && known.has(span.parentId) ? span.parentId : this.#root.id;
      this.#keep({ ...span, parentId });
    }
    const { "ssh.sent_bytes": sent, "ssh.received_bytes": received } = spans[0].facts;
    if (sent !== undefined) this.#addTraffic({ sentBytes: Number(sent), receivedBytes: Number(received ?? 0) });
  }

  finish(facts: SpanFacts): Trace {
    const endMs = this.#now();
    const open = [...this.#open.values()].map((span) => closed(span, endMs));
    const steps = this.#steps.map(({ image, ...step }) => {
      const skew = this.#skew.get(image) ?? 0;
      return { ...step, id: newId(), startMs: step.startMs + skew, endMs: step.endMs + skew };
    });
    const traffic = this.#traffic && {
      "ssh.sent_bytes": this.#traffic.sentBytes,
      "ssh.received_bytes": this.#traffic.receivedBytes,
    };
    const dropped = this.#dropped > 0 && { dropped_spans: this.#dropped };
    const root = {
      ...closed({ ...this.#root, facts: { ...facts, ...traffic, ...dropped } }, endMs),
      isFailed: facts.exit_code !== 0 && facts.exit_code !== undefined,
    };
    return {
      id: randomBytes(16).toString("hex"),
      spans: [root, ...nestSpans(root, [...this.#done, ...open, ...steps])],
    };
  }

  #addTraffic({ sentBytes, receivedBytes }: { sentBytes: number; receivedBytes: number }): void {
    const { sentBytes: sent, receivedBytes: received } = this.#traffic ?? { sentBytes: 0, receivedBytes: 0 };
    this.#traffic = { sentBytes: sent + sentBytes, receivedBytes: received + receivedBytes };
  }

  #begin(
    key: string,
    { name, kind, parentId, facts = {} }: { name: string; kind: SpanKind; parentId?: string; facts?: SpanFacts },
  ): void {
    this.#end(key);
    const span = {
      id: newId(),
      key,
      name: cleanText(name),
      kind,
      parentId: parentId ?? this.#root.id,
      startMs: this.#now(),
    };
    this.#open.set(key, { ...span, facts: { ...facts } });
  }

  #note(key: string, facts: SpanFacts): void {
    const span = this.#open.get(key);
    if (span !== undefined) span.facts = { ...span.facts, ...facts };
  }

  #end(key: string, facts: SpanFacts = {}, isFailed = false): void {
    const span = this.#open.get(key);
    if (span === undefined) return;
    this.#open.delete(key);
    this.#keep({ ...closed({ ...span, facts: { ...span.facts, ...facts } }, this.#now()), isFailed });
  }

  /** A run of days opens sessions without end. */
  #keep(span: Span): void {
    if (this.#done.length < mostKept) this.#done.push(span);
    else this.#dropped += 1;
  }

  /** Something that has just ended, and took so long. @param agoMs when it ended */
  #past(name: string, kind: SpanKind, durationMs: number, agoMs = 0): void {
    const endMs = this.#now() - agoMs;
    const startMs = endMs - durationMs;
    this.#keep({
      id: newId(),
      parentId: this.#root.id,
      name: cleanText(name),
      kind,
      startMs,
      endMs,
      isFailed: false,
      facts: {},
    });
  }

  #transfer(key: string, name: string, bytes: number): void {
    if (!this.#open.has(key)) this.#begin(key, { name, kind: "transfer" });
    this.#note(key, { bytes });
    const span = this.#open.get(key);
    if (span !== undefined) span.lastMs = this.#now();
  }

  #addStep({ image, step, state, startedAt, completedAt }: Extract<BuildEvent, { type: "build.step" }>): void {
    const newest = completedAt ?? startedAt;
    if (newest !== undefined) {
      const behind = this.#now() - newest;
      this.#skew.set(image, Math.min(this.#skew.get(image) ?? Number.POSITIVE_INFINITY, behind));
    }
    const key = `step ${image} ${step}`;
    const parentId = this.#open.get(`build ${image}`)?.id ?? this.#root.id;
    if (state === "started") {
      this.#begin(key, { name: step, kind: "build", parentId });
      return;
    }
    if (startedAt === undefined || completedAt === undefined) {
      this.#end(key, { state }, state === "failed");
      return;
    }
    this.#open.delete(key);
    const span = { parentId, name: cleanText(step), kind: "build" as const, startMs: startedAt, endMs: completedAt };
    this.#steps.push({ ...span, image, isFailed: state === "failed", facts: { state } });
  }

  #followPhase({ project, phase }: StackPhase): void {
    this.#end(`lock ${project}`);
    this.#end(`phase ${project}`);
    if (phase === "end") {
      for (const key of this.#open.keys()) if (key.startsWith(`service ${project} `)) this.#end(key);
    } else
      this.#begin(`phase ${project}`, {
        name: `${phaseWords[phase]} ${project}`,
        kind: phase === "lock" || phase === "wait" ? "wait" : "compose",
      });
  }

  #followService(event: Extract<UpEvent, { type: "compose.service" }>): void {
    const { project, service, replica, state } = event;
    const whole = `service ${project} ${service}`;
    const key = replica === undefined ? whole : `${whole} ${replica}`;
    const kind = waitingStates.has(state) ? "wait" : workingStates.has(state) ? "service" : undefined;
    const what = state === "waiting" ? `waits for ${(event.waitsFor ?? []).join(", ")}` : state;
    const name = cleanText(`${service}${replica === undefined || replica === 1 ? "" : ` ${replica}`} ${what}`);
    // Compose tells it of the service, the engine of its container, and some states come twice.
    const earlier = [this.#open.get(key), this.#open.get(whole)].find((span) => span?.name === name);
    if (earlier !== undefined) this.#open.delete(earlier.key);
    const isFailed = ["failed", "unhealthy"].includes(state) || (event.exitCode ?? 0) !== 0;
    for (const open of [key, whole]) this.#end(open, {}, isFailed);
    if (earlier !== undefined) this.#open.set(key, { ...earlier, key });
    else if (kind !== undefined) this.#begin(key, { name, kind });
  }

  #followComposeBuild({ project, service, step, state }: Extract<UpEvent, { type: "compose.build" }>): void {
    const key = `step ${project} ${service} ${step}`;
    if (state === "started") this.#begin(key, { name: `${service} ${step}`, kind: "build" });
    else this.#end(key, { state }, state === "failed");
  }
}

const phaseWords: Readonly<Record<Exclude<StackPhase["phase"], "end">, string>> = {
  lock: "connect and lock",
  observe: "observe",
  plan: "plan",
  "send files": "send the files of",
  pull: "pull the images of",
  apply: "apply the plan to",
  wait: "wait until all is up of",
  "take down": "take down",
};

function transferKey({ image, tag, action }: { image: string; tag: string; action: string }): string {
  return `${action} ${image} ${tag}`;
}

function closed({ id, parentId, name, kind, startMs, facts, lastMs }: OpenSpan, endMs: number): Span {
  return { id, parentId, name, kind, startMs, endMs: lastMs ?? endMs, isFailed: false, facts };
}
