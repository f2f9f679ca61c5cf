import { type PlacedStack, requireDeclared } from "@otto/compose";
import type { Repo } from "@otto/config";
import { OttoError } from "@otto/errors";

const doing = "using the stack";

/**
 * Refuses services of which `up` makes no container: they are not declared, or nothing enables them. Pure.
 * @throws OttoError `COMPOSE_UNKNOWN_SERVICE`
 */
export function requireEnabled(
  repo: Repo,
  stacks: readonly Pick<PlacedStack, "files">[],
  services: readonly string[],
): void {
  const declared = stacks.flatMap(({ files }) => files.services);
  requireDeclared({ repo, files: { services: declared } }, services, doing);
  const enabled = new Set(declared.filter((one) => one.enabled && one.replicas > 0).map(({ name }) => name));
  const off = declared.find(({ name }) => services.includes(name) && !enabled.has(name));
  if (off === undefined) return;
  const [profile] = off.profiles;
  throw new OttoError("COMPOSE_UNKNOWN_SERVICE", `${doing} of ${repo.name}: its service ${off.name} is not enabled`, {
    hint:
      profile === undefined
        ? "Give it at least one replica, and list it where the settings choose services."
        : `Enable it: profiles: ["${profile}"].`,
    details: { repo: repo.name, service: off.name, profiles: [...off.profiles] },
  });
}
