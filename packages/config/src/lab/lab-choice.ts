import { OttoError } from "@otto/errors";
import type { Repo } from "../repo/repo.js";

/** The lab that settings choose, and where they say so. */
export interface DefaultLab {
  readonly name: string;
  /** Absolute path of the settings file. */
  readonly settingsFile: string;
}

/**
 * The lab of `[lab] default` in the settings of the repos, used when none is named.
 *
 * @returns undefined where no settings choose one: it is the `local` lab
 * @throws `CONFIG_LAB_AMBIGUOUS` when the settings of two repos choose different ones
 */
export function findDefaultLab(repos: readonly Repo[]): DefaultLab | undefined {
  const [first, ...others] = repos.flatMap(({ defaultLab, settingsFile }) =>
    defaultLab === undefined ? [] : [{ name: defaultLab, settingsFile }],
  );
  const other = others.find(({ name }) => name !== first?.name);
  if (first === undefined || other === undefined) return first;
  throw new OttoError(
    "CONFIG_LAB_AMBIGUOUS",
    `choosing a lab: ${first.settingsFile} says ${first.name}, ${other.settingsFile} says ${other.name}`,
    {
      hint: "Name one: --lab or OTTO_LAB.",
      details: { labs: [first.name, other.name], files: [first.settingsFile, other.settingsFile] },
    },
  );
}
