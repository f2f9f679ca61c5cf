import {
  type BuildEvent,
  type BuildImagesOptions,
  type BuildStep,
  buildImages,
  formatBuildStep,
  type ImageResult,
  type OnParent,
  planBuild,
} from "@otto/docker";
import { OttoError } from "@otto/errors";
import { type PlaceOptions, toVariables } from "../arguments/option.js";
import { nameParent } from "../arguments/parent-name.js";
import { findPlaces, headPlan, type Place, warnOfStandIn } from "../arguments/place.js";
import { cacheDirectory } from "../cache-directory.js";
import type { Outcome } from "../outcome.js";
import { doneWords } from "../output/board/board.js";
import { isShownByBoard, openDockerProgress } from "../output/docker-progress.js";
import type { JsonRecord } from "../output/reporter.js";
import { countOf, showSummary } from "../output/summary.js";
import { formatTable } from "../output/table.js";
import { type SharedPlace, shareBuilds } from "../place-builds.js";
import type { Session } from "../session.js";
import { eachOf, type Work } from "../side-by-side/each-part.js";

export interface DockerBuildFlags extends PlaceOptions {
  readonly images: readonly string[];
  readonly rebuild?: boolean;
  /** Default true. */
  readonly cache?: boolean;
  readonly pull?: boolean;
  /** `NAME=VALUE`, or `NAME` for the environment's. */
  readonly buildArg?: readonly string[];
  readonly push?: boolean;
}

/** `otto docker build` */
export async function dockerBuild(session: Session, flags: DockerBuildFlags): Promise<Outcome> {
  refusePaths(flags.images);
  const places = await findPlaces(session, flags, { makes: true });
  for (const place of places) warnOfStandIn(session, place);
  if (flags.buildArg !== undefined) session.reporter.notice("info", argumentsNotice);
  const apply = session.options.dryRun ? planRepo : buildRepo;
  const options = buildOptions(session, flags);
  const choices = await shareBuilds(chooseImages(places, flags.images), {
    ...{ ...options, on: flags.on, imageNames: flags.images, env: session.invocation.env },
  });
  const work: Work<Choice> = (choice, own) =>
    choice.shared?.imageNames.length === 0
      ? Promise.resolve(true)
      : apply(own, choice, { ...options, imageNames: choice.imageNames });
  return eachOf(session, choices, work, { done: doneWords.build });
}

const argumentsNotice =
  "--build-arg counts for this build alone: otto up builds with the build_args of the settings, otto up --no-build starts this one";

/** `docker build PATH`: here a context belongs to an image. */
function refusePaths(images: readonly string[]): void {
  const path = images.find((name) => name === "." || name.includes("/"));
  if (path === undefined) return;
  throw new OttoError("CLI_USAGE", `building ${path}: otto builds images by their names, not by a path`, {
    hint: "Contexts and Dockerfiles are those of [[docker.images]] in .otto/settings.toml, which otto init writes: otto build",
  });
}

interface Choice extends Place {
  /** Absent: all. */
  readonly imageNames?: readonly string[];
  readonly shared?: SharedPlace | undefined;
}

/** Each repo builds the named images that it declares. A name that none declares is left to the first to refuse. */
function chooseImages(places: readonly Place[], names: readonly string[]): readonly Choice[] {
  if (names.length === 0) return places;
  const choices = places.map((place) => ({ ...place, imageNames: names.filter((name) => declares(place, name)) }));
  const isKnown = (name: string) => choices.some(({ imageNames }) => imageNames.includes(name));
  if (!names.every(isKnown)) return places.slice(0, 1).map((place) => ({ ...place, imageNames: names }));
  return choices.filter(({ imageNames }) => imageNames.length > 0);
}

function declares({ repo }: Place, name: string): boolean {
  return repo.docker.images.some((image) => image.name === name);
}

/** What each build gets, whichever images it is for. */
function buildOptions(session: Session, flags: DockerBuildFlags): BuildImagesOptions {
  return {
    rebuild: flags.rebuild,
    noCache: flags.cache === false,
    pull: flags.pull,
    push: flags.push,
    buildArgs: flags.buildArg && toVariables(flags.buildArg, session.invocation.env),
    cacheDir: cacheDirectory(session.invocation),
    env: session.invocation.env,
    signal: session.signal,
  };
}

async function planRepo(session: Session, place: Choice, options: BuildImagesOptions): Promise<boolean> {
  headPlan(session, place);
  const { repo, parent, shared } = place;
  const steps = await (shared?.planOn() ?? planBuild(repo, parent, options));
  showBuildSteps(session, place, steps);
  return steps.every((step) => step.do !== "fail");
}

async function buildRepo(session: Session, place: Choice, options: BuildImagesOptions): Promise<boolean> {
  const { repo, parent } = place;
  const { images, progress } = await buildShown(session, place, options);
  const results = Object.entries(images);
  const lines = formatTable(results.map(([image, result]) => [image, wordsOf(result, parent.id)]));
  const reportError = reportEachOnce(session.reporter);
  for (const [index, [image, result]] of results.entries()) {
    if (!isShownByBoard(session, progress) || result.status === "failed")
      session.reporter.item(lines[index] ?? image, imageRecord({ repo: repo.name, parent: parent.id, image }, result));
    if (result.status === "failed") reportError(result.error);
  }
  const there = results.filter(([, result]) => result.status !== "failed").length;
  const isChanged = results.some(([, result]) => result.status === "success" || isNews(result));
  showSummary(session, place, progress, { command: "build", what: `${countOf(there, "image")} ready`, isChanged });
  return there === results.length;
}

function isNews(result: ImageResult): boolean {
  return result.status === "skipped" && (result.source !== "present" || result.pushed);
}

async function buildShown({ reporter, tracing }: Session, place: Choice, options: BuildImagesOptions) {
  const { repo, lab, parent, shared } = place;
  const title = { verb: "build", repo: repo.name, parent: nameParent(lab, parent) } as const;
  using progress = await openDockerProgress(reporter, title);
  const onEvent = (event: BuildEvent) => {
    tracing?.onEvent(event);
    progress.onEvent(event);
  };
  const buildHere = () => buildImages(repo, parent, { ...options, commands: lab.commands, onEvent });
  const images = await (shared?.buildOn(parent, onEvent) ?? buildHere());
  return { images, progress };
}

function wordsOf(result: ImageResult, parent: string): string {
  if (result.status === "failed") return `failed on ${parent}`;
  return `${sourceWords[result.source]} on ${parent} → ${result.tag}${result.pushed ? " (pushed)" : ""}`;
}

const sourceWords = { present: "cached", pulled: "pulled", built: "built" } as const;

function imageRecord(place: Readonly<Record<string, string>>, result: ImageResult): JsonRecord {
  if (result.status === "failed") {
    return { type: "image", ...place, status: result.status, code: result.error.code, message: result.message };
  }
  return { type: "image", ...place, ...result, durationMs: Math.round(result.durationMs) };
}

/** Prints what a build of a repo would do. A step of another parent than the place's names it. */
export function showBuildSteps(
  { reporter }: Session,
  { repo, parent }: Pick<Place, "repo" | "parent">,
  steps: readonly OnParent<BuildStep>[],
): void {
  const reportError = reportEachOnce(reporter);
  for (const step of steps) {
    const { do: action, image, cause } = step;
    const { tag, push } = step.do === "fail" ? { tag: undefined, push: undefined } : step;
    const record = {
      ...{ type: "step", repo: repo.name, parent: step.parent ?? parent.id, do: action, image, tag, push, cause },
    };
    reporter.item(
      step.parent === undefined ? formatBuildStep(step) : `${formatBuildStep(step)} on ${step.parent}`,
      record,
    );
    if (step.do === "fail") reportError(step.error);
  }
}

/** A parent that is down fails all of its images by one error. */
function reportEachOnce(reporter: Session["reporter"]): (error: OttoError) => void {
  const reported = new Set<OttoError>();
  return (error) => {
    if (!reported.has(error)) reporter.error(error);
    reported.add(error);
  };
}
