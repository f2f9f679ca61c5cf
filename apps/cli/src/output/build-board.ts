import type { BuildEvent } from "@otto/docker";
import { escapeControls } from "@otto/errors";
import { wordsOfHolder } from "./holder-words.js";
import { formatProgress } from "./progress-bar.js";

interface Work {
  readonly words: string;
  readonly bytes: number;
  readonly totalBytes: number;
  /** What the step said last; the last line may go on. */
  readonly said: readonly string[];
}

const nothing: Work = { words: "", bytes: 0, totalBytes: 0, said: [] };
// Enough to see that it moves; four images may build at once.
const saidLines = 4;

/** What each image that is worked on is at: a line for each, with a bar where bytes move, and what its step says. */
export class BuildBoard {
  readonly #works = new Map<string, Work>();

  follow(event: BuildEvent): void {
    if (event.type === "build.finished") this.#works.delete(event.image);
    if (event.type === "build.sent" || event.type === "registry.bytes") this.#move(event);
    if (event.type === "build.output") this.#say(event.image, event.text);
    const words = wordsOf(event);
    if (words !== undefined) this.#works.set(event.image, { ...nothing, words });
  }

  /** @param columns of the terminal; a line has at most one fewer */
  lines(columns: number): readonly string[] {
    const width = Math.max(0, ...[...this.#works.keys()].map((image) => image.length));
    const lines = [...this.#works].flatMap(([image, work]) => [
      `${image.padEnd(width)}  ${barOf(work)}${work.words}`,
      ...shownLines(work).map((line) => `${" ".repeat(width)}    ${line}`),
    ]);
    return lines.map((line) => escapeControls(line, { line: true }).slice(0, columns - 1));
  }

  #move({ image, bytes, totalBytes }: { readonly image: string; readonly bytes: number; readonly totalBytes: number }) {
    // What has arrived is no longer worth a bar.
    const bar = bytes < totalBytes ? { bytes, totalBytes } : { bytes: 0, totalBytes: 0 };
    this.#works.set(image, { ...(this.#works.get(image) ?? nothing), ...bar });
  }

  #say(image: string, text: string): void {
    const work = this.#works.get(image) ?? nothing;
    const lines = `${work.said.join("\n")}${text}`.split("\n");
    const unfinished = lines.pop() ?? "";
    const whole = lines.filter((line) => line.trim() !== "").slice(-saidLines);
    this.#works.set(image, { ...work, said: [...whole, unfinished] });
  }
}

/** Of a line that a program writes over and over, what it shows. */
function shownLines({ said }: Work): readonly string[] {
  const whole = said.map((line) => line.trimEnd().split("\r").at(-1)?.replaceAll("\t", "  ") ?? "");
  return whole.filter((line) => line !== "").slice(-saidLines);
}

/** Undefined: what is shown stays. */
function wordsOf(event: BuildEvent): string | undefined {
  if (event.type === "build.started") return "building";
  if (event.type === "build.step") return event.state === "started" ? event.step : undefined;
  if (event.type === "build.waiting") return `waiting for the build of ${wordsOfHolder(event)}`;
  if (event.type === "registry.started") return `${event.action === "pull" ? "pulling" : "pushing"} ${event.tag}`;
  if (event.type === "registry.retrying") return `${event.action} of ${event.tag}: retrying in ${event.afterSeconds} s`;
  return undefined;
}

function barOf(work: Work): string {
  return work.totalBytes === 0 ? "" : `${formatProgress(work)}  `;
}
