import { composeLogs } from "@otto/docker";
import { hasColor } from "../arguments/global-options.js";
import type { LogFlags } from "../arguments/log-options.js";
import type { PlaceOptions } from "../arguments/option.js";
import { eachOf, findPlaces, type Place, warnOfStandIn } from "../arguments/place.js";
import type { Outcome } from "../outcome.js";
import { checkLogFlags, showLines } from "../output/log-output.js";
import { ServiceLabels } from "../output/service-labels.js";
import type { Session } from "../session.js";
import { withStack } from "../stack-choice.js";

export interface DockerLogsFlags extends PlaceOptions, LogFlags {
  readonly services: readonly string[];
}

/** `otto docker logs`: one stack after the other; all at once when they are followed. */
export async function dockerLogs(session: Session, flags: DockerLogsFlags): Promise<Outcome> {
  await checkLogFlags(flags);
  const places = withStack(session, await findPlaces(session, flags));
  for (const place of places) warnOfStandIn(session, place);
  const { options, invocation } = session;
  const labels = new ServiceLabels(hasColor(options, invocation.env, invocation.stdout.isTTY === true));
  const show = async (place: Place) => {
    const { repo } = place;
    const prefix = places.length > 1 ? `${repo.name}/` : "";
    await showLines(session, readLines(session, place, flags), {
      ...(flags.timestamps !== undefined && { timestamps: flags.timestamps }),
      dress: (line) => ({
        label: labels.of(line, prefix),
        record: { repo: repo.name, parent: place.parent.id, service: line.service, replica: line.replica },
      }),
    });
    return true;
  };
  if (flags.follow !== true) return eachOf(session, places, show);
  const outcomes = await Promise.all(places.map((place) => eachOf(session, [place], show)));
  return { exitCode: Math.max(...outcomes.map(({ exitCode }) => exitCode)) };
}

function readLines(session: Session, { repo, lab }: Place, { on, services, follow, since, tail }: DockerLogsFlags) {
  return composeLogs(repo, lab, { on, services, follow, since, tail, signal: session.signal });
}
