import type { Command } from "commander";
import { parseCount } from "./option.js";

/** Options of `host ID logs` and `docker logs`. */
export interface LogFlags {
  readonly follow?: boolean;
  readonly since?: string;
  readonly until?: string;
  readonly tail?: number;
  readonly timestamps?: boolean;
}

/** Adds the options that all logs have. */
export function addLogOptions(command: Command): Command {
  return command
    .option("-f, --follow", "go on with what comes, until interrupted or the stack is down")
    .option(
      "--since <time>",
      "from this time: a span (10m, 1h30m), a date (2026-01-31T12:00:00Z) or seconds since 1970",
    )
    .option("--until <time>", "to this time, in the same forms")
    .option("-n, --tail <lines>", "only so many of the last lines of each container; all for all", parseTail)
    .option("-t, --timestamps", "the time before each line");
}

/** More lines than any log has: an option's parser cannot take its value back. */
const allLines = Number.MAX_SAFE_INTEGER;

function parseTail(text: string): number {
  return text === "all" ? allLines : parseCount(text);
}
