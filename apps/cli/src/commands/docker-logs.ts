import { composeLogs, type FoundFailure } from "@otto/docker";
import { hasColor } from "../arguments/global-options.js";
import type { LogFlags } from "../arguments/log-options.js";
import type { PlaceOptions } from "../arguments/option.js";
import { eachOf } from "../arguments/place.js";
import type { Outcome } from "../outcome.js";
import { checkLogFlags, showLines } from "../output/log-output.js";
import { ServiceLabels } from "../output/service-labels.js";
import { findServicePlaces, type ServicePlace } from "../service-choice.js";
import type { Session } from "../session.js";

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
  const show = async (place: ServicePlace) => {
    const { repo } = place;
    const prefix = places.length > 1 ? `${repo.name}/` : "";
    await showLines(session, readLines(session, place, flags), {
      ...(flags.timestamps !== undefined && { timestamps: flags.timestamps }),
      dress: (line) => ({
        label: flags.logPrefix === false ? "" : labels.of(line, prefix),
        record: { repo: repo.name, parent: place.parent.id, service: line.service, replica: line.replica },
      }),
    });
    return true;
  };
  if (flags.follow !== true) return eachOf(session, places, show);
  const outcomes = await Promise.all(places.map((place) => eachOf(session, [place], show)));
  return { exitCode: Math.max(...outcomes.map(({ exitCode }) => exitCode)) };
}

async function* readLines(session: Session, place: ServicePlace, flags: DockerLogsFlags) {
  const { on, follow, since, until, tail, index } = flags;
  const { repo, lab, services } = place;
  const onSaved = ({ project, parent, savedAt, directory }: FoundFailure) => {
    const lead = `${project} is not up on ${parent}: these are the lines of its last up, which failed at ${savedAt}`;
    session.reporter.notice("warn", `${lead}. They are in ${directory}`);
  };
  const options = { on, services, follow, since, until, tail, onSaved, signal: session.signal };
  for await (const line of composeLogs(repo, lab, options)) {
    if (index === undefined || line.replica === index) yield line;
  }
}
