import { type PlacedStack, requireDeclared } from "@otto/compose";
import type { Repo } from "@otto/config";
import { OttoError } from "@otto/errors";

type Service = PlacedStack["files"]["services"][number];
type Declared = Pick<Service, "name" | "enabled" | "dependsOn" | "sharesWith" | "volumesFrom" | "profiles">;

const usualNames = ["test", "tests"];

/**
 * The service that a test of a stack runs: the named one, else the one called `test` or `tests`, else the only one of the
 * profile `test`. Pure.
 * @param services those that are declared
 * @throws OttoError `COMPOSE_UNKNOWN_SERVICE`, `COMPOSE_TEST_UNNAMED`
 */
export function chooseTested(
  repo: Pick<Repo, "name">,
  services: readonly Pick<Declared, "name" | "profiles">[],
  named: string | undefined,
): string {
  const names = services.map(({ name }) => name);
  if (named !== undefined) {
    requireDeclared({ repo, files: { services } }, [named], "testing the stack");
    return named;
  }
  const usual = usualNames.find((name) => names.includes(name));
  if (usual !== undefined) return usual;
  const ofProfile = services.filter(({ profiles }) => profiles.includes("test"));
  const [only] = ofProfile;
  if (only !== undefined && ofProfile.length === 1) return only.name;
  throw new OttoError("COMPOSE_TEST_UNNAMED", `testing the stack of ${repo.name}: no service is named`, {
    hint: `Name the service whose exit code counts: otto docker test SERVICE. Declared: ${names.join(", ")}.`,
    details: { repo: repo.name, services: names },
  });
}

/**
 * The services that are up while another one is tested: all that are enabled, but for that one and what can only follow it.
 * Pure.
 */
export function companionsOf(services: readonly Declared[], tested: string): string[] {
  const followers = new Set([tested]);
  // Each round finds those that follow what the last one found.
  for (let before = 0; before !== followers.size; ) {
    before = followers.size;
    for (const { name, dependsOn, sharesWith, volumesFrom } of services) {
      const needed = [...dependsOn.map(({ service }) => service), ...sharesWith, ...volumesFrom];
      if (needed.some((one) => followers.has(one))) followers.add(name);
    }
  }
  return services.filter(({ name, enabled }) => enabled && !followers.has(name)).map(({ name }) => name);
}
