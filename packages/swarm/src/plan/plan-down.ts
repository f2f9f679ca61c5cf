import type { DownStep } from "@otto/compose";
import { cleanText } from "@otto/errors";
import { type ObservedSwarm, swarmName } from "../observed-swarm.js";

/** What is to go. */
export interface DownChoice {
  /** Default: the whole stack. */
  readonly services?: ReadonlySet<string> | undefined;
}

/** Everything of a stack that `down` removes. Pure. */
export function planDown(
  project: string,
  { services, configs, secrets, networks }: Pick<ObservedSwarm, "services" | "configs" | "secrets" | "networks">,
  choice: DownChoice = {},
): DownStep[] {
  const going = services.filter(({ name }) => isChosen(project, name, choice));
  const of = (kind: DownStep["kind"], all: readonly { readonly name: string }[]) =>
    all.map(({ name }): DownStep => ({ do: "remove", kind, name: cleanText(name) }));
  if (choice.services !== undefined) return of("service", going);
  return [...of("service", going), ...of("config", configs), ...of("secret", secrets), ...of("network", networks)];
}

export function isChosen(project: string, name: string, { services }: DownChoice): boolean {
  return services === undefined || [...services].some((service) => swarmName(project, service) === name);
}
