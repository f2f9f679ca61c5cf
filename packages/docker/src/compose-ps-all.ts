import { type ComposePsOptions, type ContainerRow, composePs } from "@otto/compose";
import { listOnHosts } from "@otto/config";
import { isOttoError, type OttoError, withListener } from "@otto/errors";
import { type EachOptions, eachPart, type Lab } from "@otto/host-registry";
import type { Parent } from "@otto/hosts";

/** One parent's containers, or why it could not be asked. */
export type ParentContainers =
  | { readonly parent: string; readonly containers: readonly ContainerRow[] }
  | { readonly parent: string; readonly error: OttoError };

export interface ComposePsAllOptions extends ComposePsOptions, Pick<EachOptions, "limit"> {
  /** The hosts to ask, as `--on` takes them. Default: every docker-capable host of the lab. */
  readonly on?: string | undefined;
  /** Called with each answer as it comes. What it throws is thrown once all have answered. */
  readonly onAnswer?: ((answer: ParentContainers) => void) | undefined;
}

/**
 * Asks every docker-capable host of the lab for its containers, side by side. One that cannot be asked, or says nothing for
 * `timeoutMs`, does not keep the others from answering.
 * @returns the answers in the lab's order
 * @throws OttoError `LAB_UNKNOWN_HOST`, `LAB_HOST_NOT_DOCKER_CAPABLE`, `LAB_ON_INVALID` for `on`
 */
export async function composePsAll(lab: Lab, options: ComposePsAllOptions = {}): Promise<ParentContainers[]> {
  const { on, onAnswer, limit, ...asking } = options;
  const parents = parentsOf(lab, on).map((parent) => ({ parent }));
  return withListener(onAnswer, (tell) =>
    eachPart(
      parents,
      async ({ parent }) => {
        const answer = await askParent(parent, asking);
        tell(answer);
        return answer;
      },
      { limit },
    ),
  );
}

function parentsOf(lab: Lab, on: string | undefined): Parent[] {
  const parents = listOnHosts(lab.repos, lab.data, on).map((name) => lab.parent(name));
  return [...new Map(parents.map((parent) => [parent.id, parent])).values()];
}

async function askParent(parent: Parent, options: ComposePsOptions): Promise<ParentContainers> {
  const { id } = parent;
  try {
    return { parent: id, containers: await composePs(parent, options) };
  } catch (error) {
    if (!isOttoError(error)) throw error;
    return { parent: id, error };
  }
}
