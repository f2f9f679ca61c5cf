import { composeDown, formatDownStep, planComposeDown } from "@otto/docker";
import type { PlaceOptions } from "../arguments/option.js";
import { eachOf, findPlaces, headPlan, type Place } from "../arguments/place.js";
import type { Outcome } from "../outcome.js";
import { createDockerEventListener } from "../output/docker-event.js";
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

async function takeDown(session: Session, { repo, lab, parent }: Place, flags: DockerDownFlags): Promise<boolean> {
  const { on, stopTimeout, volumes } = flags;
  const onEvent = createDockerEventListener(session.reporter);
  const result = await composeDown(repo, lab, { on, stopTimeout, volumes, signal: session.signal, onEvent });
  const { status, message } = result;
  session.reporter.item(`${repo.name}  ${status === "failed" ? `failed on ${parent.id}` : message}`, {
    type: "stack",
    repo: repo.name,
    parent: parent.id,
    status,
    message,
    ...(result.status !== "failed" && result.kept !== undefined && { kept: result.kept }),
  });
  if (result.status === "failed") session.reporter.error(result.error);
  return result.status !== "failed";
}

async function showPlan(session: Session, { repo, lab, parent }: Place, flags: DockerDownFlags): Promise<boolean> {
  const { on, volumes } = flags;
  const steps = await planComposeDown(repo, lab, { on, volumes, signal: session.signal });
  const record = { type: "step", repo: repo.name, parent: parent.id };
  headPlan(session, { repo, parent });
  if (steps.length === 0) session.reporter.item("nothing is up", { ...record, do: "skip" });
  for (const step of steps) session.reporter.item(formatDownStep(step), { ...record, ...step });
  return true;
}
