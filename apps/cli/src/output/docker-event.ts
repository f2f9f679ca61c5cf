import type { BuildEvent, ServiceEvent, UpEvent } from "@otto/docker";
import { BuildBoard } from "./build-board.js";
import { formatBytes } from "./byte-count.js";
import { wordsOfHolder } from "./holder-words.js";
import type { LiveArea, Reporter } from "./reporter.js";

type DockerEvent = BuildEvent | UpEvent;
type SentEvent = Extract<BuildEvent, { type: "build.sent" | "registry.bytes" }>;
type TransferDone = Extract<BuildEvent, { type: "registry.done" }>;

/** Where the events of a build or an `up` go while it runs; dispose it when it is over. */
export interface DockerProgress extends Disposable {
  readonly onEvent: (event: DockerEvent) => void;
}

/** Tells what goes on: to a person on a terminal what each image is at, else line by line. */
export async function openDockerProgress(reporter: Reporter): Promise<DockerProgress> {
  const area = await reporter.live();
  const tell = createDockerEventListener(reporter);
  if (area === undefined) return { onEvent: tell, [Symbol.dispose]: () => {} };
  const show = createBoardListener(area);
  const onEvent = (event: DockerEvent) => {
    if (isBuildEvent(event)) show(event);
    if (!isBuildEvent(event) || event.type === "build.warning") tell(event);
  };
  return { onEvent, [Symbol.dispose]: () => area[Symbol.dispose]() };
}

function createBoardListener(area: LiveArea): (event: BuildEvent) => void {
  const board = new BuildBoard();
  return (event) => {
    board.follow(event);
    area.show(board.lines(area.columns));
  };
}

function isBuildEvent(event: DockerEvent): event is BuildEvent {
  return "image" in event;
}

/** Tells events line by line, each with its image's name. */
export function createDockerEventListener(reporter: Reporter): (event: DockerEvent) => void {
  const toLines = createLineMaker();
  const sums = new Map<string, SentEvent>();
  const tell = (event: DockerEvent) => {
    const subject = "image" in event ? event.image : event.project;
    for (const line of toLines(event)) reporter.progress(`${subject}  ${line}`);
    if (event.type === "build.warning" || event.type === "compose.warning")
      return reporter.notice("warn", `${subject}: ${event.message}`, { ...event });
    // The result of an image is told with the others, as what was asked for.
    if (event.type !== "build.finished") reporter.event({ ...event });
  };
  const tellSum = (image: string) => {
    const sum = sums.get(image);
    sums.delete(image);
    if (sum !== undefined) tell(sum);
  };
  return (event) => {
    // One comes with every block: only the last, which has the sum, is worth telling.
    if (event.type === "build.sent" || event.type === "registry.bytes") return void sums.set(event.image, event);
    if (event.type === "registry.started" || event.type === "registry.done") tellSum(event.image);
    tell(event);
    if (event.type === "build.finished") tellSum(event.image);
  };
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
        return [unfinished.get(event.image) ?? ""].filter((line) => line !== "");
      case "compose.staged":
        return [`sent ${event.files} ${event.files === 1 ? "file" : "files"}`];
      case "compose.output":
        return event.text
          .split("\n")
          .map((line) => line.trim())
          .filter((line) => line !== "");
      case "compose.service":
        return [wordsOfService(event)];
      case "compose.build":
        return event.state === "done"
          ? []
          : [`${event.service}  ${event.step}${event.state === "started" ? "" : ` ${event.state}`}`];
      case "compose.build-output":
        return [`${event.service}  ${event.text}`];
      case "compose.resource":
        return [`${event.resource} ${event.name}  ${event.state}`];
      // These are told otherwise.
      case "compose.pull":
      case "build.warning":
      case "registry.bytes":
      case "compose.planned":
      case "compose.started":
      case "compose.warning":
        return [];
      case "compose.waiting":
        return [`waiting for ${wordsOfHolder(event)}`];
    }
  };
}

function wordsOfService(event: ServiceEvent): string {
  const { service, replica = 1, state, waitsFor, exitCode, afterMs, detail } = event;
  const name = replica === 1 ? service : `${service}.${replica}`;
  const words = [
    state === "waiting" ? `waiting for ${waitsFor?.join(", ")}` : state,
    exitCode === undefined ? "" : `(${exitCode})`,
    afterMs === undefined ? "" : `after ${(afterMs / 1000).toFixed(1)} s`,
    detail === undefined ? "" : `— ${detail}`,
  ];
  return `${name}  ${words.filter((word) => word !== "").join(" ")}`;
}

/** Tells who is waited for, and warnings: for commands that show something else. */
export function createNoticeListener(reporter: Reporter): (event: DockerEvent) => void {
  const tell = createDockerEventListener(reporter);
  return (event) => {
    if (event.type === "compose.waiting" || event.type === "compose.warning") tell(event);
  };
}

function wordsOfTransfer({ action, tag, transferred, existing }: TransferDone): string {
  const [done, moved] = action === "pull" ? ["pulled", "fetched"] : ["pushed", "sent"];
  return `${done} ${tag} (layers: ${transferred} ${moved}, ${existing} were there)`;
}
