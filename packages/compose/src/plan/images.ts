import type { ComposeService } from "@otto/compose-files";
import { imageReference } from "../declared/image-reference.js";
import type { ObservedImage } from "../observed/observed-images.js";
import type { Comparison, PullStep } from "./operations.js";
import type { Acted, ComposeAction } from "./stages.js";

const missing = "its image is not there";

/** Which images a registry is asked for. */
export function planPulls(services: readonly ComposeService[], acted: Acted, comparison: Comparison): PullStep[] {
  return services.flatMap((service): PullStep[] => {
    const image = comparison.images[imageReference(comparison.project, service)];
    const isMissing = image === undefined && acted.has(service.name) && pullsMissing(service, comparison.mayBuild);
    const refresh = refreshCause(service, image, comparison.now);
    const cause = refresh ?? (isMissing ? missing : undefined);
    if (cause === undefined) return [];
    return [{ do: "pull", service: service.name, cause, after: [], isAhead: refresh !== undefined }];
  });
}

/** Which images compose builds: those that are missing, and where containers are made of them those that are of other files. */
export function planBuilds(services: readonly ComposeService[], acted: Acted, comparison: Comparison): ComposeAction[] {
  if (!comparison.mayBuild) return [];
  return services.flatMap((service): ComposeAction[] => {
    const { name, hasBuild } = service;
    if (!hasBuild || !acted.has(name)) return [];
    const image = comparison.images[imageReference(comparison.project, service)];
    const wanted = comparison.digests.get(name)?.build ?? image?.build;
    const isKept = acted.get(name) === false || image?.build === wanted;
    if (image === undefined) return [{ do: "build", service: name, cause: missing, after: [] }];
    return isKept ? [] : [{ do: "build", service: name, cause: buildCause(image), after: [] }];
  });
}

function buildCause({ build }: ObservedImage): string {
  return build === "" ? "otto did not build its image" : "its build context changed";
}

const unitMs: Readonly<Record<string, number>> = { w: 604_800_000, d: 86_400_000, h: 3_600_000, m: 60_000, s: 1000 };

/** `daily`, `weekly` and `every_1w2d3h4m5s` (Compose 2.36) in milliseconds; undefined for other policies. */
export function refreshMs(policy: string | undefined): number | undefined {
  if (policy === "daily") return unitMs.d;
  if (policy === "weekly") return unitMs.w;
  const every = /^every_((?:\d+[wdhms])+)$/.exec(policy ?? "")?.[1];
  if (every === undefined) return undefined;
  const parts = [...every.matchAll(/(\d+)(.)/g)];
  return parts.reduce((sum, [, count, unit = ""]) => sum + Number(count) * (unitMs[unit] ?? 0), 0);
}

/**
 * Why the registry is asked for a service's image although it may be there; undefined: it is not.
 * @param now milliseconds since 1970
 */
export function refreshCause(
  { hasBuild, pullPolicy }: ComposeService,
  image: ObservedImage | undefined,
  now: number,
): string | undefined {
  // Images that Compose builds need not be in a registry.
  if (hasBuild) return undefined;
  if (pullPolicy === "always") return "its pull_policy is always";
  const afterMs = refreshMs(pullPolicy);
  if (afterMs === undefined || image === undefined) return undefined;
  return (image.taggedAt ?? 0) + afterMs < now ? `its pull_policy is ${pullPolicy}` : undefined;
}

/** Whether compose takes a missing image from a registry when a container of it is to start. */
export function pullsMissing({ hasBuild, image, pullPolicy }: ComposeService, mayBuild: boolean): boolean {
  if (hasBuild && (mayBuild || image === undefined)) return false;
  return pullPolicy !== "never" && pullPolicy !== "build";
}
