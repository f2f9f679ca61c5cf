import type { BuildEvent, UpEvent } from "@otto/docker";
import type { Reporter } from "./reporter.js";

type DockerEvent = BuildEvent | UpEvent;
type SentEvent = Extract<BuildEvent, { type: "build.sent" | "registry.bytes" }>;
type TransferDone = Extract<BuildEvent, { type: "registry.done" }>;

/** Tells what goes on in a build or an `up` while it goes on: to a person line by line, each with its image's name. */
export function createDockerEventListener(reporter: Reporter): (event: DockerEvent) => void {
  const toLines = createLineMaker();
  const sums = new Map<string, SentEvent>();
  const tell = (event: DockerEvent) => {
    const subject = "image" in event ? event.image : event.project;
    for (const line of toLines(event)) reporter.progress(`${subject}  ${line}`);
    if (event.type === "build.warning") return reporter.notice("warn", `${subject}: ${event.message}`, { ...event });
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
      case "registry.done":
        return [wordsOfTransfer(event)];
      case "build.finished":
        return [unfinished.get(event.image) ?? ""].filter((line) => line !== "");
      case "compose.staged":
        return [`sent ${event.files} files`];
      case "compose.started":
        return event.output
          .trim()
          .split("\n")
          .map((line) => line.trim());
      default:
        return [];
    }
  };
}

function wordsOfTransfer({ action, tag, transferred, existing }: TransferDone): string {
  const [done, moved] = action === "pull" ? ["pulled", "fetched"] : ["pushed", "sent"];
  return `${done} ${tag} (layers: ${transferred} ${moved}, ${existing} were there)`;
}

function formatBytes(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  if (bytes < 1_000_000) return `${(bytes / 1000).toFixed(1)} kB`;
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}
