import type { BuildEvent, UpEvent } from "@otto/docker";
import type { Reporter } from "./reporter.js";

/** Tells what goes on in a build or an `up` while it goes on: to a person line by line, each with its image's name. */
export function createDockerEventListener(reporter: Reporter): (event: BuildEvent | UpEvent) => void {
  const unfinished = new Map<string, string>();
  const tellLines = (image: string, text: string) => {
    const lines = text.split("\n");
    unfinished.set(image, lines.pop() ?? "");
    for (const line of lines) reporter.progress(`${image}  ${line}`);
  };
  return (event) => {
    switch (event.type) {
      case "build.started":
        reporter.progress(`${event.image}  building ${event.tag}: ${event.cause}`);
        break;
      case "build.output":
        tellLines(event.image, `${unfinished.get(event.image) ?? ""}${event.text}`);
        break;
      case "build.finished":
        if (unfinished.get(event.image)) tellLines(event.image, `${unfinished.get(event.image)}\n`);
        break;
      case "compose.staged":
        reporter.progress(`${event.project}  sent ${event.files} files`);
        break;
      case "compose.started":
        for (const line of event.output.trimEnd().split("\n")) reporter.progress(`${event.project}  ${line.trim()}`);
        break;
    }
    if (event.type !== "build.finished") reporter.event(event);
  };
}
