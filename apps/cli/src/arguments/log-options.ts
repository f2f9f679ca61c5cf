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

function parseTail(text: string): number | undefined {
  return text === "all" ? undefined : parseCount(text);
}
