import { type ComposeUpOptions, composeUp, formatContainerStatus, formatUpStep, planComposeUp } from "@otto/docker";
import type { PlaceOptions } from "../arguments/option.js";
import { eachOf, findPlaces, headPlan, type Place, warnOfStandIn } from "../arguments/place.js";
import { cacheDirectory } from "../cache-directory.js";
import type { Outcome } from "../outcome.js";
import { openDockerProgress } from "../output/docker-event.js";
import { showTable } from "../output/shown-table.js";
import type { Session } from "../session.js";
import { withStack } from "../stack-choice.js";
import { showBuildPlan } from "./docker-build.js";

export interface DockerUpFlags extends PlaceOptions {
  readonly build: boolean;
  readonly profile?: readonly string[];
}

/** `otto docker up` */
export async function dockerUp(session: Session, flags: DockerUpFlags): Promise<Outcome> {
  const places = withStack(session, await findPlaces(session, flags));
  const apply = session.options.dryRun ? showUpPlan : bringUp;
  return eachOf(session, places, (place) => apply(session, place, flags));
}

async function bringUp(session: Session, { repo, lab, parent }: Place, flags: DockerUpFlags): Promise<boolean> {
  const hosts = await upShown(session, { repo, lab }, upOptions(session, flags));
  const projects = new Set(Object.values(hosts).map((host) => host.project));
  const running = lab.hosts.list().filter((host) => host.state !== "placeholder" && projects.has(host.project));
  const rows = running.map((host) => ({
    cells: [host.id, formatContainerStatus(host)],
    record: { type: "host", kind: "container", repo: repo.name, parent: parent.id, ...host },
  }));
  showTable(session, rows);
  return true;
}

async function upShown({ reporter }: Session, { repo, lab }: Pick<Place, "repo" | "lab">, options: ComposeUpOptions) {
  using progress = await openDockerProgress(reporter);
  return await composeUp(repo, lab, { ...options, onEvent: progress.onEvent });
}

async function showUpPlan(session: Session, place: Place, flags: DockerUpFlags): Promise<boolean> {
  const { repo, lab, parent } = place;
  const options = upOptions(session, flags);
  warnOfStandIn(session, place);
  headPlan(session, place);
  const { cacheDir, signal } = options;
  const builds = flags.build ? await showBuildPlan(session, place, { cacheDir, signal }) : [];
  if (builds.some((step) => step.do === "fail")) return false;
  for (const step of await planComposeUp(repo, lab, { ...options, builds })) {
    const { do: action, cause, after } = step;
    const subject = step.service === undefined ? { network: step.network } : { service: step.service };
    const record = { type: "step", repo: repo.name, parent: parent.id, do: action, ...subject, cause, after };
    session.reporter.item(formatUpStep(step), record);
  }
  return true;
}

function upOptions(session: Session, flags: DockerUpFlags): ComposeUpOptions {
  return {
    on: flags.on,
    build: flags.build,
    profiles: flags.profile,
    cacheDir: cacheDirectory(session.invocation),
    signal: session.signal,
  };
}
