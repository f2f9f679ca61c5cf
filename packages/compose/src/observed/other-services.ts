import { OttoError } from "@otto/errors";
import type { PlacedStack } from "../declared/stack.js";

/** A service of another repo that is part of the same project. */
export interface OtherService {
  readonly service: string;
  /** What the repo is called in it; empty for one that says nothing of it. */
  readonly member: string;
}

/**
 * Refuses services that another repo has in the same project.
 * @throws OttoError `COMPOSE_SERVICE_TAKEN`
 */
export function requireFree({ repo, project, parent, files }: PlacedStack, others: readonly OtherService[]): void {
  const taken = others.find(({ service }) => files.services.some(({ name, enabled }) => enabled && name === service));
  if (taken === undefined) return;
  const { service, member } = taken;
  throw new OttoError(
    "COMPOSE_SERVICE_TAKEN",
    `bringing ${project} up: the service ${service} of ${repo.name} is there already on ${parent.id}, of ${member || "another project"}`,
    {
      hint: "Repositories with one `[docker] project` share their names: rename the service in one of them.",
      details: { project, host: parent.id, service, repos: [member, repo.name] },
    },
  );
}
