import type { TransferProgress } from "@otto/engine";
import { isOttoError } from "@otto/errors";
import { parseImageReference } from "@otto/hashing";
import { upFailed } from "../declared/errors.js";
import { imageReference } from "../declared/image-reference.js";
import type { PlacedStack } from "../declared/stack.js";
import { readOutput, type StackProgress, withoutTransfers } from "../events/stack-progress.js";
import type { PullStep, UpPlan } from "../plan/operations.js";
import { pullCommand } from "../session/compose-command.js";
import { type Compose, runInTree } from "../session/compose-process.js";
import type { FindLogin, UpOptions } from "./up-options.js";

interface Pulling extends Pick<UpOptions, "findLogin" | "onEvent" | "signal"> {
  readonly compose: Compose;
  /** Of the staged tree, absolute. */
  readonly directory: string;
  readonly progress: StackProgress;
  /** For errors: what was asked for. Default `up`. */
  readonly verb?: "pull" | undefined;
}

type Services = PlacedStack["files"]["services"];

/**
 * Pulls the images that the plan asks registries for, as far as compose does not do it when it starts containers: those for
 * which the user has a login here, and those that are to be there before anything else is done.
 * @returns the services whose images were pulled
 * @throws OttoError `COMPOSE_UP_FAILED` with what compose said
 */
export async function pullImages(stack: PlacedStack, plan: UpPlan, pulling: Pulling): Promise<ReadonlySet<string>> {
  const steps = new Map(
    plan.filter((step): step is PullStep => step.do === "pull").map((step) => [step.service, step]),
  );
  const services = stack.files.services.filter(({ name }) => steps.has(name));
  const pulled = await pullByLogin(stack, services, pulling);
  pulling.signal?.throwIfAborted();
  const rest = services.filter(({ name }) => !pulled.has(name) && steps.get(name)?.isAhead);
  if (rest.length > 0) await pullByCompose(stack, rest, pulling);
  return new Set([...pulled, ...rest.map(({ name }) => name)]);
}

/** By the engine, which gets a login with that one request: nothing of it is on the parent before or after. */
async function pullByLogin(stack: PlacedStack, services: Services, pulling: Pulling): Promise<ReadonlySet<string>> {
  const { findLogin = async () => undefined } = pulling;
  const logins = new Map<string, ReturnType<FindLogin>>();
  const loginOf = (registry: string) => {
    const login = logins.get(registry) ?? findLogin(registry);
    logins.set(registry, login);
    return login;
  };
  const requests = new Map(
    services.map((service) => {
      const reference = imageReference(stack.project, service);
      const request = { reference, platform: service.platform };
      return [`${service.platform} ${reference}`, { ...request, services: servicesOf(request, stack) }] as const;
    }),
  );
  const pulled = await Promise.all(
    [...requests].map(async ([key, request]) =>
      (await pullOne(stack, { ...request, loginOf }, pulling)) ? [key] : [],
    ),
  );
  const keys = new Set(pulled.flat());
  const isPulled = (service: Services[number]) =>
    keys.has(`${service.platform} ${imageReference(stack.project, service)}`);
  return new Set(services.filter(isPulled).map(({ name }) => name));
}

function servicesOf(
  { reference, platform }: { readonly reference: string; readonly platform: string | undefined },
  { project, files }: PlacedStack,
): string[] {
  const own = files.services.filter(
    (service) => service.platform === platform && imageReference(project, service) === reference,
  );
  return own.map(({ name }) => name);
}

interface PullRequest {
  readonly reference: string;
  readonly platform: string | undefined;
  /** Those that have the image. */
  readonly services: readonly string[];
  readonly loginOf: FindLogin;
}

/** @returns false where the user has no login, or it did not help: compose then tries by what the parent has */
async function pullOne(
  { parent, project }: PlacedStack,
  { reference, platform, services, loginOf }: PullRequest,
  { progress, onEvent, signal }: Pulling,
): Promise<boolean> {
  try {
    const credentials = await loginOf(parseImageReference(reference).registry);
    if (credentials === undefined) return false;
    for (const service of services) progress.report(service, "pulling", `${reference} with the login of this machine`);
    const onProgress = (moved: TransferProgress) => {
      if (moved.type !== "bytes") return;
      onEvent?.({ ...moved, type: "compose.pull", project, services, state: "downloading" });
    };
    const isPulled = await parent.engine.pullImage({ reference, platform, credentials, onProgress }, signal);
    if (isPulled) for (const service of services) progress.report(service, "pulled");
    return isPulled;
  } catch (error) {
    if (!isOttoError(error)) throw error;
    const message = `${error.message}; Compose tries with the logins of ${parent.id}`;
    onEvent?.({ type: "compose.warning", project, message });
    return false;
  }
}

async function pullByCompose(
  stack: PlacedStack,
  rest: Services,
  { compose, directory, progress, verb, onEvent, signal }: Pulling,
) {
  const services = rest.map(({ name }) => name);
  const run = runInTree(compose, stack, directory);
  const onOutput = readOutput(progress, stack.project, onEvent);
  progress.begin({ services, replaced: new Set() });
  const whole = await run((argv) => pullCommand(argv, stack, { directory, services }), { signal, onOutput });
  const { exitCode, output } = withoutTransfers(whole);
  signal?.throwIfAborted();
  if (exitCode !== 0) throw upFailed(stack, output, { directory, verb });
}
