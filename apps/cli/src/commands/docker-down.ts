import { composeDown, type DownEvent, formatDownStep, planComposeDown } from "@otto/docker";
import { OttoError } from "@otto/errors";
import type { PlaceOptions } from "../arguments/option.js";
import { nameParent } from "../arguments/parent-name.js";
import { findPlaces, headPlan } from "../arguments/place.js";
import type { Outcome } from "../outcome.js";
import { doneWords } from "../output/board/board.js";
import { type DockerProgress, isShownByBoard, openDockerProgress } from "../output/docker-progress.js";
import { countOf, showSummary } from "../output/summary.js";
import { chooseServices, type ServicePlace } from "../service-choice.js";
import type { Session } from "../session.js";
import { eachOf } from "../side-by-side/each-part.js";
import { withStack } from "../stack-choice.js";

export interface DockerDownFlags extends PlaceOptions {
  readonly services: readonly string[];
  /** Seconds. Default 1. */
  readonly timeout?: number;
  /** The same. */
  readonly stopTimeout?: number;
  readonly volumes?: boolean;
  readonly removeOrphans?: boolean;
  readonly rmi?: "all" | "local";
}

/** `otto docker down` */
export async function dockerDown(session: Session, flags: DockerDownFlags): Promise<Outcome> {
  if (flags.rmi !== undefined && flags.services.length > 0) {
    throw new OttoError("CLI_USAGE", "--rmi takes the images of the whole stack, not of services", {
      hint: `Take it down: otto down --rmi ${flags.rmi}`,
    });
  }
  const places = await chooseServices(withStack(session, await findPlaces(session, flags)), flags);
  const apply = session.options.dryRun ? showPlan : takeDown;
  return eachOf(session, places, (place, own) => apply(own, place, flags), { done: doneWords.down });
}

async function takeDown(session: Session, place: ServicePlace, flags: DockerDownFlags): Promise<boolean> {
  const { repo, lab, parent } = place;
  const { result, progress, hasRemoved } = await downShown(session, place, flags);
  const { status, message } = result;
  const kept = result.status === "failed" ? undefined : result.kept;
  const text = `${repo.name}  ${status === "failed" ? `failed on ${nameParent(lab, parent)}` : message}`;
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
  else summarize(session, place, progress, status === "success" || hasRemoved);
  return result.status !== "failed";
}

async function downShown(session: Session, place: ServicePlace, flags: DockerDownFlags) {
  const { repo, lab, parent, services, on } = place;
  const { timeout, stopTimeout = timeout, volumes, removeOrphans, rmi } = flags;
  const removed = { services, removeOrphans, rmi, volumes };
  const { reporter, signal } = session;
  const title = { verb: "down", repo: repo.name, parent: nameParent(lab, parent) } as const;
  using progress = await openDockerProgress(reporter, title);
  let hasRemoved = false;
  const onEvent = (event: DownEvent) => {
    hasRemoved ||= event.type === "compose.resource" && event.state === "removed";
    progress.onEvent(event);
  };
  const result = await composeDown(repo, lab, { on, stopTimeout, ...removed, signal, onEvent });
  return { result, progress, hasRemoved };
}

function summarize(session: Session, place: ServicePlace, progress: DockerProgress, isChanged: boolean): void {
  const services = progress.board.totals.changed.size;
  const what = services === 0 ? `${place.repo.name} down` : `${countOf(services, "service")} down`;
  showSummary(session, place, progress, { command: "down", what, isChanged });
}

async function showPlan(session: Session, place: ServicePlace, flags: DockerDownFlags): Promise<boolean> {
  const { repo, lab, parent, services, on } = place;
  const { volumes, removeOrphans, rmi } = flags;
  const removed = { services, removeOrphans, rmi, volumes };
  const steps = await planComposeDown(repo, lab, { on, ...removed, signal: session.signal });
  const record = { type: "step", repo: repo.name, parent: parent.id };
  headPlan(session, place);
  if (steps.length === 0) session.reporter.item("nothing is up", { ...record, do: "skip" });
  for (const step of steps) session.reporter.item(formatDownStep(step), { ...record, ...step });
  return true;
}
