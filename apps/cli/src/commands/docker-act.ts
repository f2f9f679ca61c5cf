import {
  type ContainerChange,
  composeAct,
  formatContainerStatus,
  planComposeAct,
  type ServiceAction,
} from "@otto/docker";
import type { PlaceOptions } from "../arguments/option.js";
import { nameParent } from "../arguments/parent-name.js";
import { headPlan } from "../arguments/place.js";
import type { Outcome } from "../outcome.js";
import { doneWords } from "../output/board/board.js";
import { isShownByBoard, openDockerProgress } from "../output/docker-progress.js";
import { showTable } from "../output/shown-table.js";
import { countOf, showSummary } from "../output/summary.js";
import { findServicePlaces, type ServicePlace } from "../service-choice.js";
import type { Session } from "../session.js";
import { eachOf } from "../side-by-side/each-part.js";

export interface DockerActFlags extends PlaceOptions {
  readonly action: ServiceAction;
  readonly services: readonly string[];
  /** Seconds. */
  readonly timeout?: number;
  readonly signal?: string;
  readonly deps?: boolean;
}

/** `otto docker stop|start|restart|kill|pause|unpause` */
export async function dockerAct(session: Session, flags: DockerActFlags): Promise<Outcome> {
  const places = await findServicePlaces(session, flags);
  const apply = session.options.dryRun ? showPlan : act;
  return eachOf(session, places, (place, own) => apply(own, place, flags), { done: doneWords[flags.action] });
}

async function act(session: Session, place: ServicePlace, flags: DockerActFlags): Promise<boolean> {
  const { repo, lab, parent } = place;
  const { action } = flags;
  const { changes, progress } = await actShown(session, place, flags);
  if (changes.length === 0) {
    session.reporter.notice("info", `${repo.name}: no container of it is on ${nameParent(lab, parent)}`);
    return true;
  }
  const rows = changes.map((change) => ({
    cells: [change.host, formatContainerStatus(change.after)],
    record: { type: "host", kind: "container", repo: repo.name, parent: parent.id, ...hostOf(change) },
  }));
  if (!isShownByBoard(session, progress) || progress.board.rows.size === 0) showTable(session, rows);
  const services = new Set(changes.map(({ service }) => service)).size;
  const isChanged = action === "restart" || changes.some(({ before, after }) => before.state !== after.state);
  const what = `${countOf(services, "service")} ${doneWords[action]}`;
  showSummary(session, place, progress, { command: action, what, isChanged });
  return true;
}

async function actShown(session: Session, place: ServicePlace, flags: DockerActFlags) {
  const { repo, lab, parent } = place;
  const title = { verb: flags.action, repo: repo.name, parent: nameParent(lab, parent) };
  using progress = await openDockerProgress(session.reporter, title);
  const { onEvent } = progress;
  const changes = await composeAct(repo, lab, flags.action, { ...optionsOf(session, place, flags), onEvent });
  return { changes, progress };
}

async function showPlan(session: Session, place: ServicePlace, flags: DockerActFlags): Promise<boolean> {
  const { repo, lab, parent } = place;
  const { action } = flags;
  const changes = await planComposeAct(repo, lab, action, optionsOf(session, place, flags));
  const record = { type: "step", repo: repo.name, parent: parent.id };
  headPlan(session, place);
  if (changes.length === 0) session.reporter.item(`nothing to ${action}`, { ...record, do: "skip" });
  for (const { host, service, before } of changes) {
    const cause = `it is ${formatContainerStatus(before)}`;
    session.reporter.item(`${action} ${host}: ${cause}`, { ...record, do: action, host, service, cause });
  }
  return true;
}

function optionsOf(session: Session, { services, on }: ServicePlace, flags: DockerActFlags) {
  const { timeout: stopTimeout, signal: killSignal, deps } = flags;
  return { on, services, stopTimeout, killSignal, noDeps: deps === false, signal: session.signal };
}

function hostOf({ host, service, project, after }: ContainerChange) {
  return { id: host, service, project, ...after };
}
