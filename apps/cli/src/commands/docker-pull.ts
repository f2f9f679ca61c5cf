import { composePull, formatUpStep, planComposePull } from "@otto/docker";
import type { PlaceOptions } from "../arguments/option.js";
import { nameParent } from "../arguments/parent-name.js";
import { headPlan } from "../arguments/place.js";
import type { Outcome } from "../outcome.js";
import { doneWords } from "../output/board/board.js";
import { openDockerProgress } from "../output/docker-progress.js";
import { countOf, showSummary } from "../output/summary.js";
import { findServicePlaces, type ServicePlace } from "../service-choice.js";
import type { Session } from "../session.js";
import { eachOf } from "../side-by-side/each-part.js";

export interface DockerPullFlags extends PlaceOptions {
  readonly services: readonly string[];
  readonly profile?: readonly string[];
}

/** `otto docker pull` */
export async function dockerPull(session: Session, flags: DockerPullFlags): Promise<Outcome> {
  const places = await findServicePlaces(session, flags);
  const apply = session.options.dryRun ? showPlan : pull;
  return eachOf(session, places, (place, own) => apply(own, place, flags), { done: doneWords.pull });
}

async function pull(session: Session, place: ServicePlace, flags: DockerPullFlags): Promise<boolean> {
  const { repo, lab, parent } = place;
  const title = { verb: "pull", repo: repo.name, parent: nameParent(lab, parent) } as const;
  const { images, progress } = await pullShown();
  const names = new Set(images.map(({ image }) => image));
  const what = `${countOf(names.size, "image")} pulled`;
  showSummary(session, place, progress, { command: "pull", what, isChanged: images.some(({ isNew }) => isNew) });
  return true;

  async function pullShown() {
    using progress = await openDockerProgress(session.reporter, title);
    const { onEvent } = progress;
    return { images: await composePull(repo, lab, { ...optionsOf(session, place, flags), onEvent }), progress };
  }
}

async function showPlan(session: Session, place: ServicePlace, flags: DockerPullFlags): Promise<boolean> {
  const { repo, lab, parent } = place;
  const steps = await planComposePull(repo, lab, optionsOf(session, place, flags));
  const record = { type: "step", repo: repo.name, parent: parent.id };
  headPlan(session, place);
  if (steps.length === 0) session.reporter.item("nothing to pull", { ...record, do: "skip" });
  for (const step of steps) {
    const { service, image, cause } = step;
    session.reporter.item(formatUpStep(step), { ...record, do: "pull", service, image, cause });
  }
  return true;
}

function optionsOf({ signal }: Session, { services, on }: ServicePlace, { profile }: DockerPullFlags) {
  return { on, services, profiles: profile, signal };
}
