import { composeDown, formatDownStep, planComposeDown } from "@otto/docker";
import type { PlaceOptions } from "../arguments/option.js";
import { nameParent } from "../arguments/parent-name.js";
import { eachOf, findPlaces, headPlan, type Place } from "../arguments/place.js";
import type { Outcome } from "../outcome.js";
import { type DockerProgress, isShownByBoard, openDockerProgress } from "../output/docker-progress.js";
import { countOf, showSummary } from "../output/summary.js";
import type { Session } from "../session.js";
import { withStack } from "../stack-choice.js";

export interface DockerDownFlags extends PlaceOptions {
  /** Seconds. */
  readonly stopTimeout: number;
  readonly volumes?: boolean;
}

/** `otto docker down` */
export async function dockerDown(session: Session, flags: DockerDownFlags): Promise<Outcome> {
  const places = withStack(session, await findPlaces(session, flags));
  return eachOf(session, places, (place) =>
    session.options.dryRun ? showPlan(session, place, flags) : takeDown(session, place, flags),
  );
}

async function takeDown(session: Session, place: Place, flags: DockerDownFlags): Promise<boolean> {
  const { repo, parent } = place;
  const { result, progress } = await downShown(session, place, flags);
  const { status, message } = result;
  const kept = result.status === "failed" ? undefined : result.kept;
  const text = `${repo.name}  ${status === "failed" ? `failed on ${parent.id}` : message}`;
  if (!isShownByBoard(session, progress) || status !== "success" || kept !== undefined)
    session.reporter.item(text, {
      type: "stack",
      repo: repo.name,
      parent: parent.id,
      status,
      message,
      ...(kept !== undefined && { kept }),
    });
  if (result.status === "failed") session.reporter.error(result.error);
  else summarize(session, place, progress, status === "success");
  return result.status !== "failed";
}

async function downShown(session: Session, { repo, lab, parent }: Place, flags: DockerDownFlags) {
  const { on, stopTimeout, volumes } = flags;
  const { reporter, signal } = session;
  const title = { verb: "down", repo: repo.name, parent: nameParent(lab, parent) } as const;
  using progress = await openDockerProgress(reporter, title);
  const result = await composeDown(repo, lab, { on, stopTimeout, volumes, signal, onEvent: progress.onEvent });
  return { result, progress };
}

function summarize(session: Session, place: Place, progress: DockerProgress, wasUp: boolean): void {
  const services = progress.board.totals.changed.size;
  const what = services === 0 ? `${place.repo.name} down` : `${countOf(services, "service")} down`;
  showSummary(session, place, progress, { command: "down", what, isChanged: wasUp });
}

async function showPlan(session: Session, place: Place, flags: DockerDownFlags): Promise<boolean> {
  const { repo, lab, parent } = place;
  const { on, volumes } = flags;
  const steps = await planComposeDown(repo, lab, { on, volumes, signal: session.signal });
  const record = { type: "step", repo: repo.name, parent: parent.id };
  headPlan(session, place);
  if (steps.length === 0) session.reporter.item("nothing is up", { ...record, do: "skip" });
  for (const step of steps) session.reporter.item(formatDownStep(step), { ...record, ...step });
  return true;
}
