import type { ComposeService } from "@otto/compose-files";
import { registryConnectionHint } from "@otto/engine";
import { cleanText, OttoError } from "@otto/errors";
import { imageLatestTag } from "@otto/hashing";
import { findReplica } from "../declared/container-name.js";
import { lastLine } from "../declared/engine-text.js";
import { upFailed } from "../declared/errors.js";
import { imageReference, imageReferences } from "../declared/image-reference.js";
import type { PlacedStack, Stack } from "../declared/stack.js";
import { adviseFailure } from "../failure/failure-hint.js";
import { formatReason, formatStackFailure } from "../failure/failure-text.js";
import { failureDetails, readFailure, type StackView } from "../failure/read-failure.js";
import { findUnfinished, unwrapStartError } from "../failure/start-error.js";
import type { ObservedImages } from "../observed/observed-images.js";
import { type ObservedStack, observeStack } from "../observed/observed-stack.js";
import { isComposeStep, type UpPlan } from "../plan/operations.js";
import type { Execution } from "./executor.js";

/**
 * Refuses to begin without the images of services that have a `build` section where nothing is built. One with a name of
 * its own may be had from a registry: then compose tries that first.
 */
export function requireImages(stack: PlacedStack, { images }: ObservedStack, plan: UpPlan): void {
  const missing = findMissing(stack, images, plan).find(({ image }) => image === undefined);
  if (missing !== undefined) throw imageMissing(stack, missing);
}

interface FailedPlan {
  /** The stack before. */
  readonly observed: ObservedStack;
  readonly build: boolean;
  readonly output: string;
}

/** Of what compose itself refused or broke off. */
export async function explainFailure(
  { stack, watched, directory }: Execution,
  plan: UpPlan,
  { observed, build, output }: FailedPlan,
): Promise<OttoError> {
  const [missing] = build ? [] : findMissing(stack, observed.images, plan);
  if (missing !== undefined) return imageMissing(stack, missing, cleanText(output));
  // Compose may have pulled meanwhile what was not there.
  const now = await observeStack(watched.session, imageReferences(stack)).catch(() => undefined);
  const broken = await explainBroken(stack, watched, { containers: now?.containers ?? [], output });
  const hint = broken.hint ?? adviseImages(stack, now?.images, output);
  return upFailed(stack, output, { directory, ...broken, hint });
}

function adviseImages(stack: PlacedStack, images: ObservedImages | undefined, output: string): string | undefined {
  const advice = images && adviseImage(stack, images, output);
  const connection = registryConnectionHint(output);
  // A name without a registry is likelier a slip than meant for Docker Hub.
  return output.includes("registry-1.docker.io") ? (advice ?? connection) : (connection ?? advice);
}

/** What the engine could not make or start, when Compose broke off. */
async function explainBroken(
  { project, parent, files: { services } }: PlacedStack,
  view: StackView,
  { containers, output }: { readonly containers: ObservedStack["containers"]; readonly output: string },
) {
  const host = parent.id;
  const because = "the engine cannot start it";
  // The engine gives a container that it could not start an exit code.
  const unstarted = containers.filter(({ state, exitCode }) => state === "created" && exitCode !== 0);
  const found = unstarted.map((container) => ({ service: container.service, because, container }));
  const unfinished = findUnfinished(output).flatMap((name) => findReplica(name, project, services)?.service ?? []);
  const text = cleanText(output, await view.redactor());
  const unmade = unwrapStartError(lastLine(text));
  const unready = found.length > 0 ? found : unfinished.map((service) => ({ service, because: unmade }));
  const failure = await readFailure(view, unready, { services, containers });
  const facts = failure.failed.length === 0 ? [{ service: undefined, container: undefined }] : failure.failed;
  const advised = facts.map(({ service, container }) => adviseFailure({ host, service, container, output: text }));
  const hint = advised.find((advice) => advice !== undefined);
  const [first] = failure.failed;
  const reason = first && `${first.service}: ${formatReason(first)}`;
  return { hint, lines: formatStackFailure(failure), failure: failureDetails(failure), reason };
}

/** The services that are to be started, and whose image would have to be built. */
export function findMissing({ project, files }: Stack, images: ObservedImages, plan: UpPlan): ComposeService[] {
  const started = new Set(plan.filter(isComposeStep).map(({ service }) => service));
  return files.services.filter(
    (service) =>
      started.has(service.name) && service.hasBuild && images[imageReference(project, service)] === undefined,
  );
}

/**
 * What to look at where Compose did not get an image that is not on the parent, for one of the settings may have been meant.
 * @param output what Compose said
 */
export function adviseImage(
  { repo, project, parent, files }: PlacedStack,
  images: ObservedImages,
  output: string,
): string | undefined {
  const { registryUrl, images: declared } = repo.docker;
  const tags = declared.map((image) => imageLatestTag(registryUrl, repo.name, image));
  const absent = files.services.find(
    (service) =>
      service.enabled &&
      !service.hasBuild &&
      images[imageReference(project, service)] === undefined &&
      isAbout(output, service.name, imageReference(project, service)),
  );
  if (absent === undefined || tags.length === 0) return undefined;
  const wanted = imageReference(project, absent);
  return `The image ${wanted} of the service ${absent.name} was not on ${parent.id}; those of the settings are ${tags.join(", ")}.`;
}

/** Whether compose, up to 2.40, says that it did not get the image of a service. */
function isAbout(output: string, service: string, image: string): boolean {
  const lines = output.split("\n").map((line) => line.trim());
  return (
    output.includes(image) || lines.some((line) => line.startsWith(`${service} Error`) || line === `${service} Pulling`)
  );
}

/** @param output what compose said when it tried to pull the image */
export function imageMissing({ parent, project }: PlacedStack, service: ComposeService, output?: string): OttoError {
  const image = imageReference(project, service);
  return new OttoError(
    "COMPOSE_IMAGE_MISSING",
    `bringing ${project} up on ${parent.id} without building: the image ${image} of the service ${service.name} is not there`,
    {
      hint: "Build and bring it up: otto docker up",
      details: { host: parent.id, service: service.name, image, ...(output === undefined ? {} : { output }) },
    },
  );
}
