import type { BuildEvent, UpEvent } from "@otto/docker";
import type { Reporter } from "./reporter.js";

/** Tells what goes on in a build or an `up` while it goes on. */
export function reportDockerEvent(reporter: Reporter, event: BuildEvent | UpEvent): void {
  switch (event.type) {
    case "build.started":
      reporter.progress(`${event.image}  building ${event.tag} (${event.cause})`, event);
      break;
    case "build.output":
      reporter.progress(event.text.trimEnd(), event);
      break;
    case "build.finished":
      break;
    case "compose.staged":
      reporter.notice("debug", `${event.project}: sent ${event.files} files`);
      break;
    case "compose.started":
      reporter.progress(event.output.trimEnd(), event);
      break;
  }
}
