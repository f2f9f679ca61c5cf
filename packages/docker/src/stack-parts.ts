import { type PlacedStack, type ServiceChoice, usedImages } from "@otto/compose";
import { parseOn, type Repo } from "@otto/config";
import type { Lab, RepoPart } from "@otto/host-registry";
import type { Parent } from "@otto/hosts";
import { type PartBuilds, shareBuilds } from "./part-builds.js";
import type { ChosenPort } from "./part-environment.js";
import { providersFirst } from "./port-order.js";
import { choosePartCalls } from "./repo-parts.js";
import { listPortsBefore, type PlacementOptions, placeStack, type StackChoice } from "./stack-placement.js";
import type { ComposeUpOptions } from "./up-options.js";

/** What an `up` does on one parent. */
export interface StackPart<Options extends ComposeUpOptions = ComposeUpOptions> {
  readonly parent: Parent;
  readonly stack: PlacedStack;
  /** Those of the call for this parent: its services, and its listeners. */
  readonly options: Options;
  /** The images of the settings that are built for it; undefined: all. */
  readonly images: readonly string[] | undefined;
  readonly builds: PartBuilds;
  /** The ports of other parts that are to be known before it comes up; until then they are 0. */
  readonly ports: readonly ChosenPort[];
  /** Reads it again, with those ports, or with more variables. */
  readonly read: (given: Omit<StackChoice, "choice">) => Promise<PlacedStack>;
}

/**
 * Reads what an `up` brings up, parent by parent. Nothing is connected. Of several parents those without an enabled service are
 * left out.
 * @param parts default: those of `Lab.partsOf`
 * @throws OttoError what `readStack` and `Lab.partsOf` throw, `COMPOSE_UNKNOWN_SERVICE`, `COMPOSE_REFERENCE_CYCLE`
 */
export async function readParts<Options extends ComposeUpOptions>(
  repo: Repo,
  lab: Lab,
  options: Options,
  parts?: readonly RepoPart[],
): Promise<StackPart<Options>[]> {
  const calls = await choosePartCalls({ repo, lab, doing: "choosing services", parts }, options);
  const read = await Promise.all(
    calls.map(async ({ part, options: own }) => ({
      parent: part.parent,
      stack: await placeStack(part, lab, own, { choice: own }),
      options: own,
      ports: await listPortsBefore(part, lab, own),
      read: (given: Omit<StackChoice, "choice">) => placeStack(part, lab, own, { ...given, choice: own }),
    })),
  );
  const enabled = read.filter(({ stack }) => stack.files.services.some((service) => service.enabled));
  const wanted = enabled.length === 0 ? read : enabled;
  const images = chooseImages(
    wanted.map(({ stack }) => stack),
    options,
  );
  const chosen = wanted.map((one, index) => ({ ...one, images: images[index] }));
  // A circle is refused before anything is done.
  providersFirst(chosen);
  const builds = shareBuilds(repo, lab, chosen, options);
  return chosen.map((one, index) => ({ ...one, builds: builds[index] as PartBuilds }));
}

/**
 * The images of the settings that are built for each of several stacks: those that its services are started from. Others are
 * built where `on` says that everything belongs, else on the first parent.
 */
function chooseImages(stacks: readonly PlacedStack[], { on, services = [] }: ComposeUpOptions) {
  const used = stacks.map(usedImages);
  const [only] = stacks;
  if (only !== undefined && stacks.length === 1) return services.length === 0 ? [undefined] : used;
  const declared = only?.repo.docker.images.map(({ name }) => name) ?? [];
  const unused = services.length === 0 ? declared.filter((name) => !used.some((names) => names?.includes(name))) : [];
  const isEverywhere = parseOn(on).everywhere !== undefined;
  return used.map((names, index) => names && [...names, ...(isEverywhere || index === 0 ? unused : [])]);
}

/** The parent that images are built on, and which. */
export interface ImagePart {
  readonly repo: Repo;
  readonly parent: Parent;
  /** Names; undefined: all. */
  readonly imageNames: readonly string[] | undefined;
}

/**
 * The parents that a repo's images are built on. Of several, each gets those that its services are started from; others are
 * built where `on` says that everything belongs, else on the first parent. With `services`, those that these need.
 * @throws OttoError what `Lab.partsOf` and, with several parents, `readStack` throw
 */
export async function listImageParts(
  repo: Repo,
  lab: Lab,
  options: PlacementOptions & ServiceChoice = {},
): Promise<ImagePart[]> {
  const parts = lab.partsOf(repo, options.on);
  if (parts.length === 1 || repo.docker.composes.length === 0)
    return parts.map(({ parent }) => ({ repo, parent, imageNames: undefined }));
  const read = await readParts(repo, lab, options, parts);
  return read.map(({ parent, images }) => ({ repo, parent, imageNames: images }));
}
