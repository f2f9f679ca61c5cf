import { isOttoError } from "@otto/errors";
import { parseImageReference } from "@otto/hashing";
import { upFailed } from "../declared/errors.js";
import { imageReference } from "../declared/image-reference.js";
import type { PlacedStack } from "../declared/stack.js";
import type { PullStep, UpPlan } from "../plan/operations.js";
import { pullCommand } from "../session/compose-command.js";
import { type Compose, runInTree } from "../session/compose-process.js";
import type { FindLogin, UpOptions } from "./up-options.js";

interface Pulling extends Pick<UpOptions, "findLogin" | "onEvent" | "signal"> {
  readonly compose: Compose;
  /** Of the staged tree, absolute. */
  readonly directory: string;
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
      return [`${service.platform} ${reference}`, { reference, platform: service.platform }] as const;
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

interface PullRequest {
  readonly reference: string;
  readonly platform: string | undefined;
  readonly loginOf: FindLogin;
}

/** @returns false where the user has no login, or it did not help: compose then tries by what the parent has */
async function pullOne(
  { parent, project }: PlacedStack,
  { reference, platform, loginOf }: PullRequest,
  { onEvent, signal }: Pulling,
): Promise<boolean> {
  try {
    const credentials = await loginOf(parseImageReference(reference).registry);
    if (credentials === undefined) return false;
    onEvent?.({ type: "compose.output", project, text: `pulling ${reference} with the login that is here\n` });
    return await parent.engine.pullImage({ reference, platform, credentials }, signal);
  } catch (error) {
    if (!isOttoError(error)) throw error;
    const message = `${error.message}; Compose tries with the logins of ${parent.id}`;
    onEvent?.({ type: "compose.warning", project, message });
    return false;
  }
}

async function pullByCompose(stack: PlacedStack, rest: Services, { compose, directory, signal }: Pulling) {
  const services = rest.map(({ name }) => name);
  const run = runInTree(compose, stack, directory);
  const { exitCode, output } = await run((argv) => pullCommand(argv, stack, { directory, services }), { signal });
  signal?.throwIfAborted();
  if (exitCode !== 0) throw upFailed(stack, output, { directory });
}
