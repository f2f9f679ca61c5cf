import { type FoundFailure, readSavedFailure, readSavedLog, type StackWarning } from "@otto/compose";
import type { Repo } from "@otto/config";
import { anySignal, shareSignal } from "@otto/errors";
import type { Lab, RepoPart } from "@otto/host-registry";
import { type LogOptions, type Parent, parseLogTime, readServiceLogs, type ServiceLogLine } from "@otto/hosts";
import { checkServices } from "./declared-services.js";
import { failuresDirectory } from "./failed-up.js";
import { mergeAsTheyCome, mergeByTime } from "./merged-rows.js";
import { choosePartCalls, type OnParent } from "./repo-parts.js";
import { listServiceReplicas } from "./service-replicas.js";
import { locateStack, type PlacementOptions } from "./stack-placement.js";
import { stackEngineOf } from "./swarm/stack-engine.js";
import { followLogSources, listLogSources } from "./swarm/swarm-logs.js";

export interface ComposeLogsOptions extends PlacementOptions, LogOptions {
  /** Default: every service. */
  readonly services?: readonly string[] | undefined;
  /** As of {@link composeUp}: where the logs of a first `up` that failed were saved. `false`: they are not read. */
  readonly failuresDir?: string | false | undefined;
  /** Called before the first line, when the lines are those that were saved of an `up` that failed. */
  readonly onSaved?: ((saved: FoundFailure) => void) | undefined;
  /** As of {@link composeStatus}. */
  readonly onEvent?: ((event: OnParent<StackWarning>) => void) | undefined;
}

/**
 * The lines that a stack's containers wrote, those that have stopped too: what is there in order of time, and with `follow`
 * what comes, also from containers that are started or replaced meanwhile, until the loop is left, the signal fires or the
 * stack is taken down: it has no container left, running or not. A cut link neither loses nor repeats a line. A stack without containers has those lines that were saved when its last `up` failed and was taken down, else none.
 * Lines of several parents come in order of time; with `follow`, as they come. One that fails does not stop the others: what it
 * threw is thrown when they have ended.
 * @throws TypeError for a `since` or `tail` that is none; OttoError `COMPOSE_UNKNOWN_SERVICE`, and what `readStack` and
 * connecting throw
 */
export async function* composeLogs(
  repo: Repo,
  lab: Lab,
  options: ComposeLogsOptions = {},
): AsyncGenerator<OnParent<ServiceLogLine>, void> {
  const calls = await choosePartCalls({ repo, lab, doing }, options);
  const [only] = calls;
  if (only !== undefined && calls.length === 1) return yield* readPartLogs(only.part, lab, only.options);
  const leaving = new AbortController();
  const signal = shareSignal(anySignal(options.signal, leaving.signal));
  const sources = calls.map(({ part, options: own }) => ({
    parent: part.parent.id,
    rows: readPartLogs(part, lab, { ...own, signal }),
  }));
  if (options.follow === true) yield* mergeAsTheyCome(sources, () => leaving.abort());
  else yield* mergeByTime(sources);
}

const doing = "reading the logs";

async function* readPartLogs(
  part: RepoPart,
  lab: Lab,
  options: ComposeLogsOptions,
): AsyncGenerator<ServiceLogLine, void> {
  const { project, parent } = locateStack(part, lab, options);
  const services = await checkServices(part, lab, { ...options, doing });
  if (stackEngineOf(part) === "swarm") return yield* readSwarmLogs(part, lab, { ...options, services });
  const saved = await findSaved(parent, project, failuresDirectory(lab, options));
  if (saved === undefined) return yield* readServiceLogs(parent.engine, { project, services }, options);
  options.onSaved?.(saved);
  yield* readSavedLines(saved, { ...options, services });
}

/** @param options those of the call, with the services that are meant */
async function* readSwarmLogs(
  part: RepoPart,
  lab: Lab,
  options: ComposeLogsOptions,
): AsyncGenerator<ServiceLogLine, void> {
  if (options.follow !== true) return yield* mergeByTime(await listLogSources(part, lab, options));
  const leaving = new AbortController();
  const signal = anySignal(options.signal, leaving.signal);
  yield* mergeAsTheyCome(followLogSources(part, lab, { ...options, signal }), () => leaving.abort());
}

/** @returns undefined where the stack has a container */
async function findSaved(
  parent: Parent,
  project: string,
  failuresDir: string | false,
): Promise<FoundFailure | undefined> {
  const saved = failuresDir === false ? undefined : await readSavedFailure(failuresDir, { parent, project });
  if (saved === undefined) return undefined;
  return (await listServiceReplicas(parent, project)).length === 0 ? saved : undefined;
}

/** In order of time, as of containers. */
async function* readSavedLines(
  saved: FoundFailure,
  { services, since, until, tail }: Pick<ComposeLogsOptions, "services" | "since" | "until" | "tail">,
): AsyncGenerator<ServiceLogLine, void> {
  const toMs = (time: Date | string) => Number(parseLogTime(time, () => new Date())) * 1000;
  const from = since === undefined ? 0 : toMs(since);
  const to = until === undefined ? Number.POSITIVE_INFINITY : toMs(until);
  const chosen = saved.containers.filter(({ service }) => services?.includes(service) ?? true);
  const logs = await Promise.all(
    chosen.map(async (container) => {
      const all = await readSavedLog(saved, container);
      const lines = all.filter(({ timestamp }) => Date.parse(timestamp) >= from && Date.parse(timestamp) <= to);
      const { service, replica } = container;
      return (tail === undefined ? lines : lines.slice(lines.length - Math.min(tail, lines.length))).map((line) => ({
        ...{ ...line, service, replica },
        bytes: Buffer.from(line.text),
      }));
    }),
  );
  yield* logs.flat().sort((a, b) => (a.timestamp < b.timestamp ? -1 : Number(a.timestamp > b.timestamp)));
}
