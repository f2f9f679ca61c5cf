import type { Repo } from "@otto/config";
import type { Lab } from "@otto/host-registry";
import { type LogOptions, readServiceLogs, type ServiceLogLine } from "@otto/hosts";
import { isUnreadableStack, listServiceReplicas } from "./service-replicas.js";
import { type PlacementOptions, placeStack, projectNameOf } from "./stack-placement.js";
import { requireDeclared } from "./stack-services.js";

export interface ComposeLogsOptions extends PlacementOptions, LogOptions {
  /** Default: every service. */
  readonly services?: readonly string[] | undefined;
}

/**
 * The lines that a stack's containers wrote, those that have stopped too: what is there in order of time, and with `follow`
 * what comes, also from containers that are started or replaced meanwhile, until the loop is left, the signal fires or the
 * stack is taken down: it has no container left, running or not. A cut link neither loses nor repeats a line. A stack that is not up has no lines.
 * @throws TypeError for a `since` or `tail` that is none; OttoError `COMPOSE_UNKNOWN_SERVICE`, and what `readStack` and
 * connecting throw
 */
export async function* composeLogs(
  repo: Repo,
  lab: Lab,
  options: ComposeLogsOptions = {},
): AsyncGenerator<ServiceLogLine, void> {
  const parent = lab.parentFor(repo, options.on);
  const project = projectNameOf(repo, lab, options);
  const services = options.services?.length === 0 ? undefined : options.services;
  if (services !== undefined) await checkServices(repo, lab, { ...options, services });
  yield* readServiceLogs(parent.engine, { project, services }, options);
}

/** Where the files cannot be read, a service with a container is known, too. */
async function checkServices(
  repo: Repo,
  lab: Lab,
  { services, ...options }: PlacementOptions & { readonly services: readonly string[] },
): Promise<void> {
  try {
    requireDeclared(await placeStack(repo, lab, options), services, "reading the logs");
  } catch (error) {
    if (!isUnreadableStack(error)) throw error;
    const replicas = await listServiceReplicas(lab.parentFor(repo, options.on), projectNameOf(repo, lab, options));
    if (services.some((name) => !replicas.some(({ service }) => service === name))) throw error;
  }
}
