import type { BuildEvent, UpEvent } from "@otto/docker";
import { type BoardEvent, type ImageEnd, wordsOfService } from "./board/board.js";
import { formatBytes } from "./byte-count.js";
import { formatDuration } from "./duration.js";
import { wordsOfHolder } from "./holder-words.js";
import type { Reporter } from "./reporter.js";

type DockerEvent = BoardEvent;
type PullEvent = Extract<UpEvent, { type: "compose.pull" }>;
type SentEvent = Extract<BuildEvent, { type: "build.sent" | "registry.bytes" }>;
type TransferDone = Extract<BuildEvent, { type: "registry.done" }>;

type SendingEvent = Extract<UpEvent, { type: "compose.sending" }>;
type Progress = SentEvent | PullEvent | SendingEvent;

/** How often the progress of a transfer is printed: as JSON, and as lines. */
const progressMs = { event: 1000, line: 5000 };

/**
 * Tells events line by line, each with the name of its image, service or project, as they come. @param now milliseconds that only grow
 */
export function createDockerEventListener(
  reporter: Reporter,
  now: () => number = () => performance.now(),
): (event: DockerEvent) => void {
  const toLines = createLineMaker();
  const transfers = new Map<string, Transfer>();
  const tellLines = (event: DockerEvent) => {
    const isNamed = "service" in event || "services" in event || "resource" in event;
    const subject = isNamed ? "" : `${"image" in event ? event.image : event.project}  `;
    for (const line of toLines(event)) reporter.progress(`${subject}${line}`);
  };
  const tell = (event: DockerEvent) => {
    tellLines(event);
    if (event.type === "build.warning" || event.type === "compose.warning") {
      const subject = "image" in event ? event.image : event.project;
      return reporter.notice("warn", `${subject}: ${event.message}`, { ...event });
    }
    // The result of an image is told with the others, as what was asked for.
    if (event.type !== "build.finished") reporter.event({ ...event });
  };
  /** One comes with every block: of these the last is told, which has the sum, and one now and then. */
  const tellNowAndThen = (key: string, event: Progress) => {
    const time = now();
    const known = transfers.get(key) ?? { event, toldAt: time, lineAt: time };
    const isDue = time - known.toldAt >= progressMs.event;
    const isLineDue = time - known.lineAt >= progressMs.line;
    if (isDue) reporter.event({ ...event });
    if (isLineDue) tellLines(event);
    const times = { toldAt: isDue ? time : known.toldAt, lineAt: isLineDue ? time : known.lineAt };
    transfers.set(key, { ...times, event: isDue ? undefined : event });
  };
  const tellSum = (key: string) => {
    const sum = transfers.get(key)?.event;
    transfers.delete(key);
    if (sum?.type === "compose.pull") reporter.event({ ...sum });
    else if (sum !== undefined) tell(sum);
  };
  return (event) => {
    if (event.type === "build.sent" || event.type === "registry.bytes") return tellNowAndThen(event.image, event);
    if (event.type === "compose.pull") return tellNowAndThen("", event);
    if (event.type === "compose.sending") return tellNowAndThen(" ", event);
    // It has the sum.
    if (event.type === "compose.staged") transfers.delete(" ");
    if (event.type === "registry.started" || event.type === "registry.done") tellSum(event.image);
    if (event.type === "compose.service" && event.state === "pulled") tellSum("");
    if (event.type === "build.finished") tellSum(event.image);
    tell(event);
  };
}

interface Transfer {
  /** Not emitted yet. */
  readonly event: Progress | undefined;
  readonly toldAt: number;
  readonly lineAt: number;
}

/** What an event says, in whole lines; output that stops within a line waits for the rest. */
function createLineMaker(): (event: DockerEvent) => readonly string[] {
  const unfinished = new Map<string, string>();
  return (event) => {
    switch (event.type) {
      case "build.waiting":
        return [`waiting for the build of ${wordsOfHolder(event)}`];
      case "build.started":
        return [`building ${event.tag}: ${event.cause}`];
      case "build.step":
        return event.state === "done" ? [] : [event.state === "started" ? event.step : `${event.step} ${event.state}`];
      case "build.output": {
        const lines = `${unfinished.get(event.image) ?? ""}${event.text}`.split("\n");
        unfinished.set(event.image, lines.pop() ?? "");
        return lines;
      }
      case "build.sent":
        return [`sent ${formatBytes(event.bytes)}`];
      case "registry.started":
        return [`${event.action === "pull" ? "looking for" : "pushing"} ${event.tag}`];
      case "registry.layer":
        return event.state === "existing"
          ? []
          : [`${event.action === "pull" ? "pulled" : "pushed"} layer ${event.layer}`];
      case "registry.retrying":
        return [`retrying layer ${event.layer} in ${event.afterSeconds} s: ${event.action} of ${event.tag}`];
      case "registry.done":
        return [wordsOfTransfer(event)];
      case "build.finished":
        return [unfinished.get(event.image) ?? "", wordsOfEnd(event)].filter((line) => line !== "");
      case "compose.sending":
        return [`sending files, ${formatBytes(event.bytes)} of ${formatBytes(event.totalBytes)}`];
      case "compose.staged":
        return [`sent ${event.files} ${event.files === 1 ? "file" : "files"}, ${formatBytes(event.bytes)}`];
      case "compose.output":
        return event.text
          .split("\n")
          .map((line) => line.trim())
          .filter((line) => line !== "");
      case "compose.service":
        return [`${nameOfService(event)}  ${wordsOfService(event)}`];
      case "compose.build":
        return event.state === "done"
          ? []
          : [`${event.service}  ${event.step}${event.state === "started" ? "" : ` ${event.state}`}`];
      case "compose.build-output":
        return [`${event.service}  ${event.text}`];
      case "compose.pull":
        return [
          `${event.services.join(", ")}  ${event.state} ${formatBytes(event.bytes)} of ${formatBytes(event.totalBytes)}`,
        ];
      case "compose.resource":
        return [`${event.resource} ${event.name}  ${event.state}`];
      // These are told otherwise.
      case "compose.ready":
      case "build.warning":
      case "registry.bytes":
      case "compose.planned":
      case "compose.started":
      case "compose.warning":
        return [];
      case "compose.used":
        return [wordsOfUse(event)];
      case "compose.waiting":
        return [`waiting for ${wordsOfHolder(event)}`];
    }
  };
}

function wordsOfUse({ host, parent, state, exitCode }: Extract<UpEvent, { type: "compose.used" }>): string {
  const code = exitCode === undefined ? "" : ` (${exitCode})`;
  const status = state === "absent" ? "has no container" : `is ${state}${code}`;
  return `${host} ${status}: bringing its stack up on ${parent}, without building`;
}

/** Tells who is waited for, what the use of a host brings up, and warnings: for commands that show something else. */
export function createNoticeListener(reporter: Reporter): (event: DockerEvent) => void {
  const tell = createDockerEventListener(reporter);
  return (event) => {
    if (notices.has(event.type)) tell(event);
  };
}

function nameOfService({ service, replica = 1 }: { readonly service: string; readonly replica?: number }): string {
  return replica === 1 ? service : `${service}.${replica}`;
}

/** An image that was there had no event before. */
function wordsOfEnd({ result }: ImageEnd): string {
  if (result.status === "failed") return "failed";
  if (result.source === "present") return "cached";
  return `${result.source} in ${formatDuration(result.durationMs)}`;
}

const notices: ReadonlySet<string> = new Set(["compose.waiting", "compose.used", "compose.warning"]);

function wordsOfTransfer({ action, tag, transferred, existing }: TransferDone): string {
  const [done, moved] = action === "pull" ? ["pulled", "fetched"] : ["pushed", "sent"];
  return `${done} ${tag} (layers: ${transferred} ${moved}, ${existing} were there)`;
}
