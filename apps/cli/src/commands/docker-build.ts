import { type BuildImagesOptions, buildImages, formatBuildStep, type ImageResult, planBuild } from "@otto/docker";
import { cacheDirectory } from "../cache-directory.js";
import { createDockerEventListener } from "../docker-event.js";
import { exitCodes } from "../exit-code.js";
import type { PlaceOptions } from "../option.js";
import type { Outcome } from "../outcome.js";
import { findPlaces, type Place } from "../place.js";
import type { JsonRecord } from "../reporter.js";
import type { Session } from "../session.js";
import { formatTable } from "../table.js";

export interface DockerBuildFlags extends PlaceOptions {
  readonly images: readonly string[];
  readonly rebuild?: boolean;
  readonly pull?: boolean;
}

/** `otto docker build` */
export async function dockerBuild(session: Session, flags: DockerBuildFlags): Promise<Outcome> {
  const places = await findPlaces(session, flags);
  let failed = false;
  for (const place of places) {
    const names = namesFor(place, places, flags.images);
    if (names?.length === 0) continue;
    const build = session.options.dryRun ? showPlan : buildRepo;
    const done = await build(session, place, buildOptions(session, flags, names));
    failed ||= !done;
  }
  return { exitCode: failed ? exitCodes.failed : exitCodes.done };
}

/** Of several repos, each builds the named images that it declares; a name that none declares is told by the first. */
function namesFor({ repo }: Place, places: readonly Place[], images: readonly string[]): readonly string[] | undefined {
  if (images.length === 0) return undefined;
  const declares = (place: Place, name: string) => place.repo.docker.images.some((image) => image.name === name);
  const unknown = images.filter((name) => !places.some((place) => declares(place, name)));
  return unknown.length > 0 ? images : images.filter((name) => repo.docker.images.some((image) => image.name === name));
}

function buildOptions(
  session: Session,
  flags: DockerBuildFlags,
  imageNames: readonly string[] | undefined,
): BuildImagesOptions {
  return {
    imageNames,
    rebuild: flags.rebuild,
    pull: flags.pull,
    cacheDir: cacheDirectory(session.invocation),
    signal: session.signal,
    onEvent: createDockerEventListener(session.reporter),
  };
}

async function buildRepo(session: Session, { repo, parent }: Place, options: BuildImagesOptions): Promise<boolean> {
  const results = Object.entries(await buildImages(repo, parent, options));
  const lines = formatTable(results.map(([image, result]) => [image, wordsOf(result)]));
  for (const [index, [image, result]] of results.entries()) {
    session.reporter.item(lines[index] ?? image, imageRecord({ repo: repo.name, parent: parent.id, image }, result));
    if (result.status === "failed") session.reporter.error(result.error);
  }
  return results.every(([, result]) => result.status !== "failed");
}

function wordsOf(result: ImageResult): string {
  if (result.status === "failed") return "failed";
  return `${result.status === "skipped" ? "cached" : "built"} → ${result.tag}`;
}

function imageRecord(place: Readonly<Record<string, string>>, result: ImageResult): JsonRecord {
  if (result.status === "failed") {
    return { type: "image", ...place, status: result.status, code: result.error.code, message: result.message };
  }
  return { type: "image", ...place, ...result, durationMs: Math.round(result.durationMs) };
}

async function showPlan(session: Session, { repo, parent }: Place, options: BuildImagesOptions): Promise<boolean> {
  const steps = await planBuild(repo, parent, options);
  for (const step of steps) {
    const tag = step.do === "fail" ? undefined : step.tag;
    const { do: action, image, cause } = step;
    session.reporter.item(formatBuildStep(step), {
      type: "step",
      repo: repo.name,
      parent: parent.id,
      do: action,
      image,
      tag,
      cause,
    });
    if (step.do === "fail") session.reporter.error(step.error);
  }
  return steps.every((step) => step.do !== "fail");
}
