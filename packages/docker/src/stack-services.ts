import type { PlacedStack } from "@otto/compose";
import { nearestWord, OttoError } from "@otto/errors";

/**
 * Refuses services that a stack does not declare. Pure.
 * @param doing what was being done, for the message: `reading the logs`
 * @throws OttoError `COMPOSE_UNKNOWN_SERVICE` naming the nearest one, and those there are
 */
export function requireDeclared({ repo, files }: PlacedStack, services: readonly string[], doing: string): void {
  const declared = files.services.map(({ name }) => name);
  const service = services.find((it) => !declared.includes(it));
  if (service === undefined) return;
  const near = nearestWord(service, declared);
  throw new OttoError("COMPOSE_UNKNOWN_SERVICE", `${doing} of ${repo.name}: it has no service ${service}`, {
    hint: `${near === undefined ? "" : `Did you mean "${near}"? `}Its services: ${declared.join(", ")}.`,
    details: { repo: repo.name, service, declared },
  });
}

/**
 * Refuses services of which `up` makes no container: they are not declared, or nothing enables them. Pure.
 * @throws OttoError `COMPOSE_UNKNOWN_SERVICE`
 */
export function requireEnabled(stack: PlacedStack, services: readonly string[]): void {
  requireDeclared(stack, services, "using the stack");
  const off = stack.files.services.find(({ name, enabled, replicas }) => {
    return services.includes(name) && (!enabled || replicas === 0);
  });
  if (off === undefined) return;
  const [profile] = off.profiles;
  throw new OttoError(
    "COMPOSE_UNKNOWN_SERVICE",
    `using the stack of ${stack.repo.name}: its service ${off.name} is not enabled`,
    {
      hint:
        profile === undefined
          ? "Give it at least one replica, and list it where the settings choose services."
          : `Enable it: profiles: ["${profile}"].`,
      details: { repo: stack.repo.name, service: off.name, profiles: [...off.profiles] },
    },
  );
}
