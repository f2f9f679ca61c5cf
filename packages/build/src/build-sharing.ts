import { isOwnRegistry } from "@otto/hashing";
import { absentCause, type BuildStep, type ImageSharing, type WantedStepOf } from "./build-plan.js";

/** What one of several parents would do by itself. */
export interface OwnPlan {
  readonly parentId: string;
  /** Of its engine. */
  readonly architecture: string | undefined;
  readonly steps: readonly BuildStep[];
}

/**
 * Decides how several parents come by each image. With a registry one of them provides it: one that has it, which then only
 * pushes it, else the first; the others pull it. Parents of another architecture have a provider of their own, unless the
 * image's settings name its platform. Without a registry each parent builds for itself.
 * @returns the steps of each parent, in the order of the plans
 */
export function planSharing(plans: readonly OwnPlan[], registryUrl: string | undefined): (readonly BuildStep[])[] {
  const groups = groupMembers(plans);
  const groupOf = (step: WantedStep, architecture: string | undefined) =>
    groups.get(step.tag)?.get(platformOf(step, architecture)) ?? [];
  if (!isOwnRegistry(registryUrl)) return mapSteps(plans, (step) => buildApart(step, groups));
  const sharings = new Map<readonly Member[], ImageSharing>();
  for (const platforms of groups.values()) {
    const by = platforms.size > 1 ? "digest" : "tag";
    for (const members of platforms.values()) sharings.set(members, { parentIds: orderOf(members), by });
  }
  return mapSteps(plans, (step, { parentId, architecture }) =>
    share(step, parentId, sharings.get(groupOf(step, architecture))),
  );
}

function mapSteps(
  plans: readonly OwnPlan[],
  change: (step: WantedStep, plan: OwnPlan) => WantedStep,
): (readonly BuildStep[])[] {
  return plans.map((plan) => plan.steps.map((step) => (step.do === "fail" ? step : change(step, plan))));
}

type WantedStep = WantedStepOf<"skip" | "pull" | "build">;

interface Member {
  readonly parentId: string;
  readonly step: WantedStep;
}

/** Who wants an image, by its tag and then by platform. */
type Groups = ReadonlyMap<string, ReadonlyMap<string, readonly Member[]>>;

function groupMembers(plans: readonly OwnPlan[]): Groups {
  const groups = new Map<string, Map<string, Member[]>>();
  for (const { parentId, architecture, steps } of plans) {
    for (const step of steps) {
      if (step.do === "fail") continue;
      const platforms = groups.get(step.tag) ?? new Map<string, Member[]>();
      groups.set(step.tag, platforms);
      const platform = platformOf(step, architecture);
      const members = platforms.get(platform) ?? [];
      platforms.set(platform, members);
      members.push({ parentId, step });
    }
  }
  return groups;
}

function platformOf({ wanted }: WantedStep, architecture = ""): string {
  return wanted.image.platform ?? architecture;
}

/** Those that have the image and need not push it take no part, except for the one that provides it. */
function orderOf(members: readonly Member[]): readonly string[] {
  const holder = members.find(({ step }) => step.do === "skip");
  const others = members.filter((member) => member !== holder && (member.step.do !== "skip" || member.step.push));
  return [...(holder === undefined ? [] : [holder]), ...others].map(({ parentId }) => parentId);
}

function share(step: WantedStep, parentId: string, sharing: ImageSharing | undefined): WantedStep {
  const [provider = "", ...others] = sharing?.parentIds ?? [];
  if (others.length === 0 || !sharing?.parentIds.includes(parentId)) return step;
  if (parentId === provider) {
    const push = step.do === "pull" ? "else built here and pushed for" : "pushed for";
    return { ...step, sharing, cause: `${step.cause}; ${push} ${listIds(others)}` };
  }
  const cause = `${step.do === "pull" ? absentCause : step.cause}; ${provider} provides it through the registry`;
  if (step.do === "skip") return { ...step, sharing, cause };
  const { image, tag, push, wanted } = step;
  return { do: "pull", image, tag, push, wanted, sharing, cause, takeOver: step };
}

function buildApart(step: WantedStep, groups: Groups): WantedStep {
  if (step.do !== "build") return step;
  const members = [...(groups.get(step.tag)?.values() ?? [])].flat();
  if (members.filter((member) => member.step.do === "build").length < 2) return step;
  return { ...step, cause: `${step.cause}; without a registry_url each parent builds for itself` };
}

const namedIds = 3;

function listIds(ids: readonly string[]): string {
  const named = ids.slice(0, namedIds).join(", ");
  return ids.length > namedIds ? `${named} and ${ids.length - namedIds} more` : named;
}
