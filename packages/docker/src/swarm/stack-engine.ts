import { OttoError } from "@otto/errors";
import type { RepoPart } from "@otto/host-registry";
import type { StackEngine } from "@otto/hosts";

/**
 * What runs the stack of a part. Pure.
 * @throws OttoError `SWARM_ENGINES_MIXED`
 */
export function stackEngineOf({ repo, parent }: RepoPart): StackEngine {
  const engines = new Set(repo.docker.composes.map(({ engine = "compose" }) => engine));
  if (engines.size > 1) {
    throw new OttoError(
      "SWARM_ENGINES_MIXED",
      `the stack of ${repo.name} on ${parent.id}: some of its [[docker.composes]] are for Compose and some for a swarm`,
      {
        hint: 'The entries of one parent make one stack: give each of them `engine = "swarm"`, or none, or another parent.',
        details: { repo: repo.name, host: parent.id },
      },
    );
  }
  return engines.has("swarm") ? "swarm" : "compose";
}

/**
 * Refuses what is there for stacks of Compose alone. Pure.
 * @param what it is called, as `otto docker stop`
 * @param instead what a user of a swarm does
 * @throws OttoError `SWARM_UNSUPPORTED`, `SWARM_ENGINES_MIXED`
 */
export function requireComposeEngine(part: RepoPart, what: string, instead: string): void {
  if (stackEngineOf(part) === "compose") return;
  const { repo, parent } = part;
  throw new OttoError("SWARM_UNSUPPORTED", `${what} of ${repo.name} on ${parent.id}: its stack is a swarm's`, {
    hint: instead,
    details: { repo: repo.name, host: parent.id },
  });
}
