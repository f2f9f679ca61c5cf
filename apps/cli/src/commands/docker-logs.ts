import { composeLogs, type FoundFailure } from "@otto/docker";
import { hasColor } from "../arguments/global-options.js";
import type { LogFlags } from "../arguments/log-options.js";
import type { PlaceOptions } from "../arguments/option.js";
import type { Outcome } from "../outcome.js";
import { createNoticeListener } from "../output/docker-event.js";
import { checkLogFlags, showLines } from "../output/log-output.js";
import { ServiceLabels } from "../output/service-labels.js";
import { findServicePlaces, type ServicePlace } from "../service-choice.js";
import type { Session } from "../session.js";
import { eachOf, type Work } from "../side-by-side/each-part.js";

export interface DockerLogsFlags extends PlaceOptions, LogFlags {
  readonly services: readonly string[];
  /** Whether each line stands behind its service; default true. */
  readonly logPrefix?: boolean;
  /** Of the replica: 1 for the first. */
  readonly index?: number;
}

/** `otto docker logs`: one stack after the other; all at once when they are followed. */
export async function dockerLogs(session: Session, flags: DockerLogsFlags): Promise<Outcome> {
  checkLogFlags(flags);
  const places = await findServicePlaces(session, flags);
  const { options, invocation } = session;
  const labels = new ServiceLabels(hasColor(options, invocation.env, invocation.stdout.isTTY === true));
  const prefixOf = createPrefixes(places);
  const isFollowed = flags.follow === true;
  const show: Work<ServicePlace> = async (place, own) => {
    const { repo } = place;
    const prefix = prefixOf(place);
    // What is followed is shown as it comes; the rest is too much to be held back.
    const lines = isFollowed
      ? readLines(session, place, flags)
      : beginInTurn(readLines(own, place, flags), own.reachTurn);
    await showLines(isFollowed ? session : own, lines, {
      ...(flags.timestamps !== undefined && { timestamps: flags.timestamps }),
      dress: (line) => ({
        label: flags.logPrefix === false ? "" : labels.of(line, prefix),
        record: { repo: repo.name, parent: place.parent.id, service: line.service, replica: line.replica },
      }),
    });
    return true;
  };
  return eachOf(session, places, show, { mayPass: true, ...(isFollowed && { limit: places.length }) });
}

/** What stands before the name of a service: repositories and parents, where there are several. */
function createPrefixes(places: readonly ServicePlace[]): (place: ServicePlace) => string {
  const isSeveral = (names: readonly string[]) => new Set(names).size > 1;
  const hasParents = isSeveral(places.map(({ parent }) => parent.id));
  const hasRepos = isSeveral(places.map(({ repo }) => repo.name));
  return ({ repo, parent }) => `${hasParents ? `${parent.id}/` : ""}${hasRepos ? `${repo.name}/` : ""}`;
}

/** Asks for the first line at once, and waits for the turn before it gives it. */
async function* beginInTurn<Line>(lines: AsyncGenerator<Line>, reachTurn: () => Promise<void>) {
  const first = await lines.next();
  await reachTurn();
  if (first.done !== true) yield first.value;
  yield* lines;
}

async function* readLines(session: Session, place: ServicePlace, flags: DockerLogsFlags) {
  const { follow, since, until, tail, index } = flags;
  const { repo, lab, services, on } = place;
  const onSaved = ({ project, parent, savedAt, directory }: FoundFailure) => {
    const lead = `${project} is not up on ${parent}: these are the lines of its last up, which failed at ${savedAt}`;
    session.reporter.notice("warn", `${lead}. They are in ${directory}`);
  };
  const onEvent = createNoticeListener(session.reporter);
  const options = { on, services, follow, since, until, tail, onSaved, onEvent, signal: session.signal };
  for await (const line of composeLogs(repo, lab, options)) {
    if (index === undefined || line.replica === index) yield line;
  }
}
