import {
  type ComposeUpOptions,
  type ContainerHostRow,
  composeUp,
  formatContainerStatus,
  formatUpStep,
  planComposeUp,
  planUpBuilds,
  shareCall,
  type UpBuilds,
  type UpPreview,
} from "@otto/docker";
import type { PlaceOptions } from "../arguments/option.js";
import { nameParent } from "../arguments/parent-name.js";
import { findPlaces, headPlan, warnOfStandIn } from "../arguments/place.js";
import { cacheDirectory } from "../cache-directory.js";
import type { Outcome } from "../outcome.js";
import { doneWords } from "../output/board/board.js";
import { createNoticeListener } from "../output/docker-event.js";
import { isShownByBoard, openDockerProgress } from "../output/docker-progress.js";
import { showTable } from "../output/shown-table.js";
import { countOf, showSummary } from "../output/summary.js";
import { type BuildChoice, shareBuilds, type WithBuilds } from "../place-builds.js";
import { chooseServices, type ServicePlace } from "../service-choice.js";
import type { Session } from "../session.js";
import { eachOf } from "../side-by-side/each-part.js";
import { withStack } from "../stack-choice.js";
import { showBuildSteps } from "./docker-build.js";

export interface DockerUpFlags extends PlaceOptions {
  readonly services: readonly string[];
  /** Default true. */
  readonly build?: boolean;
  readonly keep?: boolean;
  readonly profile?: readonly string[];
  /** Default true. */
  readonly deps?: boolean;
  readonly forceRecreate?: boolean;
  readonly scale?: Readonly<Record<string, number>>;
  readonly pull?: "always" | "missing" | "never";
  /** Seconds. */
  readonly timeout?: number;
  /** Seconds. */
  readonly waitTimeout?: number;
}

/** `otto docker up` */
export async function dockerUp(session: Session, flags: DockerUpFlags): Promise<Outcome> {
  const chosen = await chooseServices(withStack(session, await findPlaces(session, flags, { makes: true })), flags);
  const places = shareUps(session, await shareBuilds(chosen, sharedOptions(session, flags)), flags);
  const apply = session.options.dryRun ? showUpPlan : bringUp;
  return eachOf(session, places, (place, own) => apply(own, place, flags), { done: doneWords.up });
}

interface UpPlace extends WithBuilds<ServicePlace> {
  /** Of a repo on several parents: brings its part up, in one call for all of them. */
  readonly up?: ((parent: string, onEvent: ComposeUpOptions["onEvent"]) => Promise<UpHosts>) | undefined;
  /** Of such a repo: what all of its parts build. */
  readonly planBuilds?: (() => Promise<UpBuilds[]>) | undefined;
}

type UpHosts = Awaited<ReturnType<typeof composeUp>>;

async function bringUp(session: Session, place: UpPlace, flags: DockerUpFlags): Promise<boolean> {
  const { repo, lab, parent } = place;
  const { hosts, progress } = await upShown(session, place, upOptions(session, place, flags));
  const projects = new Set(Object.values(hosts).map((host) => host.project));
  const isOwn = ({ id, project }: ContainerHostRow) => id.startsWith(`${parent.id}.`) && projects.has(project);
  const running = lab.hosts.list().filter((host) => host.state !== "placeholder" && isOwn(host));
  const rows = running.map((host) => ({
    cells: [host.id, formatContainerStatus(host)],
    record: { type: "host", kind: "container", repo: repo.name, parent: parent.id, ...host },
  }));
  if (!isShownByBoard(session, progress)) showTable(session, rows);
  const { ready, totals } = progress.board;
  const { services = rows.length, ports = [] } = ready ?? {};
  const isChanged = ready?.isChanged !== false || totals.built + totals.pulled > 0;
  showSummary(session, place, progress, {
    ...{ command: "up", what: `${countOf(services, "service")} up`, isChanged, ports },
  });
  return true;
}

async function upShown({ reporter }: Session, place: UpPlace, options: ComposeUpOptions) {
  const { repo, lab, parent } = place;
  const title = { verb: "up", repo: repo.name, parent: nameParent(lab, parent) } as const;
  using progress = await openDockerProgress(reporter, title);
  const { onEvent } = progress;
  const hosts = await (place.up?.(parent.id, onEvent) ?? composeUp(repo, lab, { ...options, onEvent }));
  return { hosts, progress };
}

async function showUpPlan(session: Session, place: UpPlace, flags: DockerUpFlags): Promise<boolean> {
  const { repo, lab, parent } = place;
  const options = upOptions(session, place, flags);
  warnOfStandIn(session, place);
  headPlan(session, place);
  const builds = await showBuilds(session, place, options);
  if (builds.some((step) => step.do === "fail")) return false;
  const onEvent = createNoticeListener(session.reporter);
  for (const step of await planComposeUp(repo, lab, { ...options, builds, onEvent })) {
    const { do: action, cause, after } = step;
    const record = { type: "step", repo: repo.name, parent: parent.id, do: action, ...subjectOf(step), cause, after };
    session.reporter.item(formatUpStep(step), record);
  }
  return true;
}

function subjectOf(step: UpPreview[number]) {
  if (step.do === "ignore") {
    const { mount, patterns, files, bytes } = step;
    return { mount, patterns, files, bytes };
  }
  return step.service === undefined ? { network: step.network } : { service: step.service };
}

async function showBuilds(session: Session, place: UpPlace, options: ComposeUpOptions) {
  if (options.build === false) return [];
  const builds = await (place.planBuilds?.() ?? planUpBuilds(place.repo, place.lab, options));
  const steps = builds.find(({ parent }) => parent === place.parent.id)?.steps ?? [];
  showBuildSteps(session, place, steps);
  return steps;
}

/** A repo's stacks may need each other's ports, and its images are built once: one call brings all of them up. */
function shareUps(session: Session, places: readonly UpPlace[], flags: DockerUpFlags): UpPlace[] {
  const ups = new Map<string, Pick<UpPlace, "up" | "planBuilds">>();
  for (const { whole, lab } of places) {
    const own = places.filter((place) => place.whole === whole);
    if (own.length < 2 || ups.has(whole.root)) continue;
    const services = [...new Set(own.flatMap((place) => place.services))];
    const scale = Object.assign({}, ...own.map((place) => place.scale)) as ServicePlace["scale"];
    const options = upOptions(session, { services, scale, on: flags.on }, flags);
    const up = shareCall<UpEvents, UpHosts>(({ tell, end, fail }) =>
      composeUp(whole, lab, {
        ...options,
        onEvent: (event) => tell(event.parent ?? "", event),
        onParent: (ended) =>
          "error" in ended ? fail(ended.parent, ended.error) : end(ended.parent, { ...ended.hosts }),
      }),
    );
    let builds: Promise<UpBuilds[]> | undefined;
    const planBuilds = () => {
      builds ??= planUpBuilds(whole, lab, options);
      return builds;
    };
    ups.set(whole.root, { up, planBuilds });
  }
  return places.map((place) => ({ ...place, ...ups.get(place.whole.root) }));
}

type UpEvents = Parameters<NonNullable<ComposeUpOptions["onEvent"]>>[0];

/** Of all builds of a call. */
function sharedOptions({ invocation, signal }: Session, { on, profile, deps }: DockerUpFlags): BuildChoice {
  const cacheDir = cacheDirectory(invocation);
  return { on, profiles: profile, noDeps: deps === false, cacheDir, env: invocation.env, signal };
}

function upOptions(
  session: Session,
  { services, scale, on }: Pick<ServicePlace, "services" | "scale" | "on">,
  flags: DockerUpFlags,
): ComposeUpOptions {
  const { build = true, profile, deps, forceRecreate, pull, timeout, waitTimeout } = flags;
  return {
    on,
    build,
    profiles: profile,
    services,
    noDeps: deps === false,
    forceRecreate,
    scale,
    pull,
    stopTimeout: timeout,
    readyTimeoutMs: waitTimeout === undefined ? undefined : waitTimeout * 1000,
    keep: flags.keep,
    cacheDir: cacheDirectory(session.invocation),
    signal: session.signal,
  };
}
