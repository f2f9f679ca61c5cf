import {
  type BuildImagesOnOptions,
  type BuildOnParent,
  type BuildStep,
  listImageParts,
  planBuildOn,
  type ServiceChoice,
  shareBuild,
} from "@otto/docker";
import type { Place } from "./arguments/place.js";
import type { ServicePlace } from "./service-choice.js";

/** A place whose images are built together with those of other parents. */
export interface SharedPlace {
  /** The images that are built there. */
  readonly imageNames: readonly string[];
  readonly buildOn: BuildOnParent;
  /** What `buildOn` would do on the place's parent. */
  planOn(): Promise<readonly BuildStep[]>;
}

/** Of places that share no build: undefined. */
export type WithBuilds<Of extends Place> = Of & { readonly shared: SharedPlace | undefined };

export interface BuildChoice
  extends Pick<ServiceChoice, "noDeps">,
    Omit<BuildImagesOnOptions, "onEvent" | "onResults"> {
  /** As `--on` says it. */
  readonly on: string | undefined;
  readonly profiles?: readonly string[] | undefined;
}

/** With the services of it that are meant, where not all are. */
type ChosenPlace = Place & Partial<Pick<ServicePlace, "services">>;

/**
 * Where a repo has several places, its images are built by one call for all of them, each on the parents that need it; a place
 * without an enabled service is left out. Other places see to their images alone.
 * @throws what `listImageParts` throws
 */
export async function shareBuilds<Of extends ChosenPlace>(
  places: readonly Of[],
  choice: BuildChoice,
): Promise<WithBuilds<Of>[]> {
  const shared = new Map<Place, SharedPlace>();
  const left = new Set<Place>();
  for (const own of groupByRepo(places)) {
    if (own.length === 1) continue;
    const found = await sharePlaces(own, choice);
    for (const place of own) {
      const one = found.get(place.parent.id);
      if (one === undefined) left.add(place);
      else shared.set(place, one);
    }
  }
  return places.filter((place) => !left.has(place)).map((place) => ({ ...place, shared: shared.get(place) }));
}

function groupByRepo<Of extends Place>(places: readonly Of[]): readonly (readonly Of[])[] {
  const groups = new Map<string, Of[]>();
  for (const place of places) groups.set(place.repo.root, [...(groups.get(place.repo.root) ?? []), place]);
  return [...groups.values()];
}

/** By the parent's id. */
async function sharePlaces(places: readonly ChosenPlace[], choice: BuildChoice): Promise<Map<string, SharedPlace>> {
  const [first] = places;
  if (first === undefined) return new Map();
  const { whole: repo, lab } = first;
  const { on, profiles, noDeps, imageNames: named = [], ...options } = choice;
  const services = [...new Set(places.flatMap((place) => place.services ?? []))];
  const parts = await listImageParts(repo, lab, { on, profiles, services, noDeps });
  const all = repo.docker.images.map(({ name }) => name);
  const targets = parts
    .filter(({ parent }) => places.some((place) => place.parent.id === parent.id))
    .map(({ parent, imageNames = all }) => ({
      parent,
      imageNames: imageNames.filter((name) => named.length === 0 || named.includes(name)),
    }));
  const building = targets.filter(({ imageNames }) => imageNames.length > 0);
  const build = shareBuild(repo, async () => building, { ...options, commands: lab.commands });
  let plans: ReturnType<typeof planBuildOn> | undefined;
  const planOn = async (id: string) => {
    plans ??= planBuildOn(repo, building, options);
    return (await plans)[id] ?? [];
  };
  return new Map(
    targets.map(({ parent: { id }, imageNames }) => {
      const none = imageNames.length === 0;
      return [
        id,
        { imageNames, buildOn: none ? async () => ({}) : build, planOn: async () => (none ? [] : planOn(id)) },
      ];
    }),
  );
}
