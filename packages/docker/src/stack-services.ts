import { type PlacedStack, requireDeclared } from "@otto/compose";
import { OttoError } from "@otto/errors";

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
