import { findDefaultLab } from "@otto/config";
import { namesLab } from "./arguments/global-options.js";
import type { Session } from "./session.js";

/** The lab that a command works in, and what chose it. */
export interface LabChoice {
  readonly name: string;
  /** `--lab`, `OTTO_LAB`, `[lab] default of FILE`; undefined: nothing did, and it is this machine. */
  readonly chosenBy: string | undefined;
}

/**
 * Which lab it is, and why: the command line goes before the environment, that before the settings.
 *
 * @throws `CONFIG_LAB_AMBIGUOUS` and what reading the settings throws
 */
export async function readLabChoice(session: Session): Promise<LabChoice> {
  const { options, invocation } = session;
  if (options.lab !== undefined) {
    const isOfEnvironment = invocation.env.OTTO_LAB === options.lab && !namesLab(invocation.argv);
    return { name: options.lab, chosenBy: isOfEnvironment ? "OTTO_LAB" : "--lab" };
  }
  const chosen = findDefaultLab(await session.repos());
  if (chosen === undefined) return { name: "local", chosenBy: undefined };
  return { name: chosen.name, chosenBy: `[lab] default of ${chosen.settingsFile}` };
}
