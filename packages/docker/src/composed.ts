import { createStackRedactor, leaseStack, type PlacedStack, type StackRedactor } from "@otto/compose";
import type { Repo } from "@otto/config";
import { anySignal } from "@otto/errors";
import { eachPart, type Lab } from "@otto/host-registry";
import type { DockerContainerHost, Parent } from "@otto/hosts";
import { originOf } from "./checkout.js";
import { joinHosts, prepareStack, registerContainers, warnOfStandIn } from "./compose-up.js";
import { currentUser } from "./current-user.js";
import { failuresDirectory, withNextSteps } from "./failed-up.js";
import { withActivity } from "./lab-activity.js";
import { eachInOrder } from "./port-order.js";
import { loginsOf } from "./registry-logins.js";
import { preferFreeHosts } from "./role-hosts.js";
import { createStackFaults, type StackFaults } from "./stack-faults.js";
import { readParts, type StackPart } from "./stack-parts.js";
import { fillSecrets } from "./stack-secrets.js";
import { requireEnabled } from "./stack-services.js";
import { stackEngineOf } from "./swarm/stack-engine.js";
import { startSwarmPart } from "./swarm/swarm-parts.js";
import type { ComposeUpOptions } from "./up-options.js";

export interface ComposedOptions<Service extends string = string> extends ComposeUpOptions {
  /** The services whose hosts are used: `hosts` is typed by their names. The whole stack is brought up. Default: whatever it has. */
  readonly services?: readonly Service[] | undefined;
  /** Take the stack down at the end even if it ran before. Default false. */
  readonly own?: boolean | undefined;
}

/** A stack that is up until it is disposed. */
export interface ComposedStack<Service extends string = string> extends AsyncDisposable, StackFaults {
  readonly project: string;
  /** By service name: of `services`, and of all others that the stack has. */
  readonly hosts: Readonly<Record<Service, DockerContainerHost>>;
  /** Removes the values of the stack's `secrets` from a text without control characters, such as a cleaned log. */
  readonly redact: (text: string) => Promise<string>;
}

/**
 * Brings a stack up, on each of its parents, for as long as the result lives: `await using stack = await composed(repo, lab)`. At the end it is
 * taken down if it was not running before, or if `own` is set, and nobody else uses it by `composed`: the last one out does
 * it then. Disposing the lab ends it too. Who calls `composeUp` on it keeps it. If this process or its link dies, the parent takes it down by itself.
 * @throws OttoError `COMPOSE_UNKNOWN_SERVICE` before anything is built, and what `composeUp` throws; with `own` also `LAB_DEFAULT_HOST_MISSING`; nothing is started when the parent cannot say whether the stack runs
 */
export async function composed<const Service extends string = string>(
  repo: Repo,
  lab: Lab,
  options?: ComposedOptions<Service>,
): Promise<ComposedStack<Service>>;
/** The same around a callback, whose result it gives. */
export async function composed<T, const Service extends string = string>(
  repo: Repo,
  lab: Lab,
  options: ComposedOptions<Service>,
  body: (stack: ComposedStack<Service>) => Promise<T>,
): Promise<T>;
export async function composed<T, const Service extends string = string>(
  repo: Repo,
  lab: Lab,
  options: ComposedOptions<Service> = {},
  body?: (stack: ComposedStack<Service>) => Promise<T>,
): Promise<ComposedStack<Service> | T> {
  const { stacks: _stacks, ...stack } = await openStack(repo, lab, options);
  if (body === undefined) return stack;
  return runBody(stack, body);
}

/** A stack that is up until it is disposed, as far as it was chosen. */
export interface ChosenStack extends ComposedStack {
  /** Of each parent. */
  readonly stacks: readonly PlacedStack[];
}

/** As {@link composed}, of some services alone. @param options `chosen`: as the `services` of `composeUp` */
export function composeChosen(
  repo: Repo,
  lab: Lab,
  options: ComposedOptions & { readonly chosen: readonly string[] },
): Promise<ChosenStack> {
  return openStack(repo, lab, options);
}

/** Who closes the lab meanwhile ends the stack with it. */
async function openStack<Service extends string>(
  repo: Repo,
  lab: Lab,
  options: Opening<Service>,
): Promise<ComposedStack<Service> & Pick<ChosenStack, "stacks">> {
  const closing = new AbortController();
  const signal = anySignal(closing.signal, options.signal);
  const opening = startUse<Service>(repo, lab, { ...options, signal });
  const forget = lab.beforeClose(async () => {
    closing.abort();
    await (await opening.catch(() => undefined))?.[Symbol.asyncDispose]();
  });
  try {
    const stack = await opening;
    return { ...stack, [Symbol.asyncDispose]: () => stack[Symbol.asyncDispose]().finally(forget) };
  } catch (error) {
    forget();
    throw error;
  }
}

type Opening<Service extends string> = ComposedOptions<Service> & { readonly chosen?: readonly string[] };

async function startUse<Service extends string>(repo: Repo, lab: Lab, given: Opening<Service>) {
  const { services: used = [], chosen: services, ...whole } = given;
  const options = { ...whole, ...withActivity(lab, given.onEvent), services };
  await preferFreeHosts(repo, lab, options);
  // With `own` it would take down what ran before.
  const places = options.own ? lab.removalPartsOf(repo, options.on) : lab.partsOf(repo, options.on);
  const parts = await readParts(repo, lab, options, places);
  requireEnabled(
    repo,
    parts.map(({ stack }) => stack),
    used,
  );
  const filled = await fillSecrets(parts, lab, options.signal);
  const uses = await startUses(filled, lab, options);
  const { project } = (parts[0] as StackPart).stack;
  const faults = createStackFaults(
    lab,
    uses.map(({ parent }) => parent),
    project,
  );
  const release = async () => {
    try {
      // Before somebody else may take it down.
      await faults.undoFaults();
    } finally {
      await releaseAll(uses);
    }
  };
  let released: Promise<void> | undefined;
  return {
    ...faults,
    project,
    // Those that are named have been declared and enabled.
    hosts: joinHosts(uses.map(({ hosts }) => hosts)) as Record<Service, DockerContainerHost>,
    redact: redactAll(uses.map(({ redactor }) => redactor)),
    stacks: filled.map(({ stack }) => stack),
    [Symbol.asyncDispose]: () => {
      released ??= release();
      return released;
    },
  };
}

/** Of several parents: where one fails, what came up on the others is let go again. */
async function startUses(parts: readonly StackPart[], lab: Lab, options: ComposedOptions): Promise<StackUse[]> {
  const uses: StackUse[] = [];
  const start = async (part: StackPart) => {
    const use = await startPart(part, lab, options.own ?? false);
    uses.push(use);
    return use;
  };
  try {
    return await eachInOrder(parts, start, options);
  } catch (error) {
    await releaseAll(uses).catch(() => {});
    throw error;
  }
}

/** The use of what is on one parent. */
interface StackUse {
  readonly parent: Parent;
  readonly hosts: Readonly<Record<string, DockerContainerHost>>;
  readonly redactor: StackRedactor;
  release(): Promise<void>;
}

async function startPart(part: StackPart, lab: Lab, own: boolean): Promise<StackUse> {
  const { stack, options, parent } = part;
  if (stackEngineOf(stack) === "swarm") {
    warnOfStandIn(part, lab);
    return { parent, ...(await startSwarmPart(part, lab, own)) };
  }
  await prepareStack(part, lab);
  const findLogin = loginsOf(lab, options);
  const failuresDir = failuresDirectory(lab, options);
  const whose = { who: currentUser(), readOrigin: originOf(stack.repo, lab) };
  const leaseOptions = { ...options, failuresDir, findLogin, own, ...whose };
  const lease = await leaseStack(stack, leaseOptions).catch((error: unknown) => {
    throw withNextSteps(error, stack.repo, lab, options);
  });
  return {
    parent,
    hosts: registerContainers(lab, stack, lease.containers),
    redactor: createStackRedactor(stack),
    release: async () => {
      await lease.release(() => lab.hosts.unregister(stack.project, parent.id, servicesOf(stack)));
    },
  };
}

/** Where others share the project, its own. */
function servicesOf({ member, files }: PlacedStack): ReadonlySet<string> | undefined {
  return member === undefined ? undefined : new Set(files.services.map(({ name }) => name));
}

async function releaseAll(uses: readonly StackUse[]): Promise<void> {
  await eachPart(uses, (use) => use.release());
}

function redactAll(redactors: readonly StackRedactor[]): (text: string) => Promise<string> {
  return async (text) => {
    let redacted = text;
    for (const redactor of redactors) redacted = (await redactor()).redact(redacted);
    return redacted;
  };
}

/** What the body throws comes out, whatever becomes of the tear-down. */
async function runBody<T, Stack extends AsyncDisposable>(stack: Stack, body: (stack: Stack) => Promise<T>): Promise<T> {
  let result: T;
  try {
    result = await body(stack);
  } catch (error) {
    await Promise.resolve(stack[Symbol.asyncDispose]()).catch(() => {});
    throw error;
  }
  await stack[Symbol.asyncDispose]();
  return result;
}
