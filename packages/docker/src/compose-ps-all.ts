import { type ContainerRow, composePs } from "@otto/compose";
import { isOttoError, type OttoError } from "@otto/errors";
import type { Lab } from "@otto/host-registry";

/** One parent's containers, or why it could not be asked. */
export type ParentContainers =
  | { readonly parent: string; readonly containers: readonly ContainerRow[] }
  | { readonly parent: string; readonly error: OttoError };

/**
 * Asks every docker-capable host of the lab at once for its containers. One that cannot be asked does not keep the others
 * from answering.
 * @param options.all stopped ones too; default false
 */
export async function composePsAll(
  lab: Lab,
  options: { all?: boolean | undefined; signal?: AbortSignal | undefined } = {},
): Promise<ParentContainers[]> {
  const parents = lab.data.hosts.filter(({ dockerCapable }) => dockerCapable);
  return Promise.all(parents.map(({ id }) => askParent(lab, id, options)));
}

async function askParent(
  lab: Lab,
  parent: string,
  options: { all?: boolean | undefined; signal?: AbortSignal | undefined },
): Promise<ParentContainers> {
  try {
    return { parent, containers: await composePs(lab.parent(parent), options) };
  } catch (error) {
    if (!isOttoError(error)) throw error;
    return { parent, error };
  }
}
