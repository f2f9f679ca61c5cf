import { type ComposePsOptions, type ContainerRow, composePs } from "@otto/compose";
import { isOttoError, type OttoError, withListener } from "@otto/errors";
import type { Lab } from "@otto/host-registry";

/** One parent's containers, or why it could not be asked. */
export type ParentContainers =
  | { readonly parent: string; readonly containers: readonly ContainerRow[] }
  | { readonly parent: string; readonly error: OttoError };

export interface ComposePsAllOptions extends ComposePsOptions {
  /** Id or handle of the only host to ask. Default: every docker-capable host of the lab. */
  readonly on?: string | undefined;
  /** Called with each answer as it comes. What it throws is thrown once all have answered. */
  readonly onAnswer?: ((answer: ParentContainers) => void) | undefined;
}

/**
 * Asks every docker-capable host of the lab at once for its containers. One that cannot be asked, or says nothing for
 * `timeoutMs`, does not keep the others from answering.
 * @returns the answers in the lab's order
 * @throws OttoError `LAB_UNKNOWN_HOST`, `LAB_HOST_NOT_DOCKER_CAPABLE` for `on`
 */
export async function composePsAll(lab: Lab, options: ComposePsAllOptions = {}): Promise<ParentContainers[]> {
  const { on, onAnswer, ...asking } = options;
  const capable = lab.data.hosts.filter(({ dockerCapable }) => dockerCapable);
  const parents = on === undefined ? capable.map(({ id }) => id) : [lab.parent(on).id];
  return withListener(onAnswer, (tell) =>
    Promise.all(
      parents.map(async (parent) => {
        const answer = await askParent(lab, parent, asking);
        tell(answer);
        return answer;
      }),
    ),
  );
}

async function askParent(lab: Lab, parent: string, options: ComposePsOptions): Promise<ParentContainers> {
  try {
    return { parent, containers: await composePs(lab.parent(parent), options) };
  } catch (error) {
    if (!isOttoError(error)) throw error;
    return { parent, error };
  }
}
