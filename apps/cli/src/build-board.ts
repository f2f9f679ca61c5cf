import type { BuildEvent } from "@otto/docker";
import { formatProgress } from "./progress-bar.js";

interface Work {
  readonly words: string;
  readonly bytes: number;
  readonly totalBytes: number;
}

/** What each image that is worked on is at: a line for each, with a bar where bytes move. */
export class BuildBoard {
  readonly #works = new Map<string, Work>();

  follow(event: BuildEvent): void {
    if (event.type === "build.finished") this.#works.delete(event.image);
    if (event.type === "build.sent" || event.type === "registry.bytes") this.#move(event);
    const words = wordsOf(event);
    if (words !== undefined) this.#works.set(event.image, { words, bytes: 0, totalBytes: 0 });
  }

  /** @param columns of the terminal; a line has at most one fewer */
  lines(columns: number): readonly string[] {
    const width = Math.max(0, ...[...this.#works.keys()].map((image) => image.length));
    return [...this.#works].map(([image, work]) =>
      `${image.padEnd(width)}  ${barOf(work)}${work.words}`.slice(0, columns - 1),
    );
  }

  #move({ image, bytes, totalBytes }: { readonly image: string; readonly bytes: number; readonly totalBytes: number }) {
    const words = this.#works.get(image)?.words ?? "";
    // What has arrived is no longer worth a bar.
    this.#works.set(image, bytes < totalBytes ? { words, bytes, totalBytes } : { words, bytes: 0, totalBytes: 0 });
  }
}

/** Undefined: what is shown stays. */
function wordsOf(event: BuildEvent): string | undefined {
  if (event.type === "build.started") return "building";
  if (event.type === "build.step") return event.state === "started" ? event.step : undefined;
  if (event.type === "build.waiting") return `waiting for the build of ${event.who}`;
  if (event.type === "registry.started") return `${event.action === "pull" ? "pulling" : "pushing"} ${event.tag}`;
  return undefined;
}

function barOf(work: Work): string {
  return work.totalBytes === 0 ? "" : `${formatProgress(work)}  `;
}
