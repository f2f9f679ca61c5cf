import type { Repo } from "@otto/config";
import type { Lab } from "@otto/host-registry";
import { type LogOptions, readServiceLogs, type ServiceLogLine } from "@otto/hosts";
import { checkServices } from "./declared-services.js";
import { type PlacementOptions, projectNameOf } from "./stack-placement.js";

export interface ComposeLogsOptions extends PlacementOptions, LogOptions {
  /** Default: every service. */
  readonly services?: readonly string[] | undefined;
}

/**
 * The lines that a stack's containers wrote, those that have stopped too: what is there in order of time, and with `follow`
 * what comes, also from containers that are started or replaced meanwhile, until the loop is left, the signal fires or the
 * stack is taken down: it has no container left, running or not. A cut link neither loses nor repeats a line. A stack that is not up has no lines.
 * @throws TypeError for a `since` or `tail` that is none; OttoError `COMPOSE_UNKNOWN_SERVICE`, and what `readStack` and
 * connecting throw
 */
export async function* composeLogs(
  repo: Repo,
  lab: Lab,
  options: ComposeLogsOptions = {},
): AsyncGenerator<ServiceLogLine, void> {
  const parent = lab.parentFor(repo, options.on);
  const project = projectNameOf(repo, lab, options);
  const services = await checkServices(repo, lab, { ...options, doing: "reading the logs" });
  yield* readServiceLogs(parent.engine, { project, services }, options);
}
