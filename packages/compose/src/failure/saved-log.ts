import { cleanText, type Redactor } from "@otto/errors";

/** A line of a saved log. */
export interface SavedLogLine {
  readonly stream: "stdout" | "stderr";
  /** `2026-01-31T12:00:00.123456789Z`. */
  readonly timestamp: string;
  readonly text: string;
}

/** Reads what `docker logs --timestamps` writes of one stream, without what is not fit for a file: secrets, control characters. */
export function parseDockerLog(text: string, stream: SavedLogLine["stream"], redactor: Redactor): SavedLogLine[] {
  return text.split("\n").flatMap((line) => {
    const match = /^(\d{4}-\d\d-\d\dT\S+Z) (.*)$/.exec(line.replace(/\r$/, ""));
    return match === null ? [] : [{ stream, timestamp: match[1] ?? "", text: cleanText(match[2] ?? "", redactor) }];
  });
}

/** The lines of both streams in order of time. */
export function mergeLogs(...streams: readonly (readonly SavedLogLine[])[]): SavedLogLine[] {
  return streams.flat().sort((a, b) => (a.timestamp < b.timestamp ? -1 : Number(a.timestamp > b.timestamp)));
}

/**
 * The form that container runtimes write logs in, `<time> <stream> F <text>`.
 * @see https://github.com/kubernetes/design-proposals-archive/blob/main/node/kubelet-cri-logging.md
 */
export function formatSavedLog(lines: readonly SavedLogLine[]): string {
  return lines.map(({ timestamp, stream, text }) => `${timestamp} ${stream} F ${text}\n`).join("");
}

/** What is no line of {@link formatSavedLog} is left out. */
export function parseSavedLog(text: string): SavedLogLine[] {
  return text.split("\n").flatMap((line) => {
    const [, timestamp, stream, said] = /^(\S+) (stdout|stderr) F (.*)$/.exec(line) ?? [];
    if (timestamp === undefined || said === undefined) return [];
    return [{ timestamp, stream: stream === "stderr" ? "stderr" : "stdout", text: said } as const];
  });
}
