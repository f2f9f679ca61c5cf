import { join } from "node:path";
import type { Repo } from "@otto/config";
import { amendError, isOttoError } from "@otto/errors";
import { type Lab, stateDirectory } from "@otto/host-registry";
import type { PlacementOptions } from "./stack-placement.js";

/** Where the logs of stacks lie whose first `up` failed, unless `failuresDir` says otherwise. */
export function failuresDirectory(
  lab: Lab,
  { failuresDir }: { readonly failuresDir?: string | false | undefined } = {},
): string | false {
  return failuresDir ?? join(stateDirectory(lab.sshEnvironment), "failures");
}

/** Adds to an error of a failed `up` what has become of the stack, and the commands that look at it there. */
export function withNextSteps(error: unknown, repo: Repo, lab: Lab, options: StackChoice): unknown {
  if (!isOttoError(error)) return error;
  const { hint, details } = error;
  const steps = nextSteps({ ...details }, wordsOf(repo, lab, options));
  if (steps === undefined) return error;
  return amendError(error, { hint: hint === undefined ? steps : `${hint}\n${steps}` });
}

type StackChoice = Pick<PlacementOptions, "on" | "projectName">;

function wordsOf(repo: Repo, lab: Lab, { on, projectName }: StackChoice): StackWords | undefined {
  // The commands know a stack by its repository.
  if (projectName !== undefined) return undefined;
  const host = on === undefined ? "" : ` --on ${on}`;
  return { host, place: `${host}${lab.repos.length > 1 ? ` --repo ${repo.name}` : ""}` };
}

/** Options that a command needs to find the stack, each with a blank before it. */
interface StackWords {
  readonly place: string;
  readonly host: string;
}

function nextSteps(
  { outcome, saved, service }: Readonly<Record<string, unknown>>,
  words: StackWords | undefined,
): string | undefined {
  if (words === undefined)
    return outcome === "saved" ? `It was taken down. Its whole logs are in ${String(saved)}.` : undefined;
  const { place, host } = words;
  const logs = `otto docker logs${place}${typeof service === "string" && service !== "" ? ` ${service}` : ""}`;
  const look = `To look at it, run: otto docker ps --all${host}, or: ${logs}.`;
  if (outcome === "kept") return `It is kept as it is. ${look} To remove it, run: otto docker down${place}`;
  if (outcome === "left") return `What ran before is left as it is. ${look}`;
  if (outcome !== "saved") return undefined;
  return `It was taken down. Its whole logs, also in ${String(saved)}, shows: ${logs}. To keep it next time, run: otto docker up --keep${place}`;
}
