import type { Repo } from "@otto/config";
import type { Lab } from "@otto/host-registry";
import type { DockerContainerHost } from "@otto/hosts";
import { composeDown } from "./compose-down.js";
import { type ComposeUpOptions, composeUp } from "./compose-up.js";
import { projectNameOf } from "./stack-placement.js";

export interface ComposedOptions extends ComposeUpOptions {
  /** Take the stack down at the end even if it ran before. Default false. */
  readonly own?: boolean | undefined;
}

/** A stack that is up until it is disposed. */
export interface ComposedStack extends AsyncDisposable {
  readonly project: string;
  /** By service name. */
  readonly hosts: Readonly<Record<string, DockerContainerHost>>;
}

/**
 * Brings a stack up for as long as the result lives: `await using stack = await composed(repo, lab)`. At the end it is
 * taken down if it was not running before, or if `own` is set.
 * @throws OttoError what `composeUp` throws; nothing is started when the parent cannot say whether the stack runs
 */
export async function composed(repo: Repo, lab: Lab, options?: ComposedOptions): Promise<ComposedStack>;
/** The same around a callback, whose result it gives. */
export async function composed<T>(
  repo: Repo,
  lab: Lab,
  options: ComposedOptions,
  body: (stack: ComposedStack) => Promise<T>,
): Promise<T>;
export async function composed<T>(
  repo: Repo,
  lab: Lab,
  options: ComposedOptions = {},
  body?: (stack: ComposedStack) => Promise<T>,
): Promise<ComposedStack | T> {
  const stack = await openStack(repo, lab, options);
  if (body === undefined) return stack;
  await using scoped = stack;
  return await body(scoped);
}

async function openStack(repo: Repo, lab: Lab, options: ComposedOptions): Promise<ComposedStack> {
  const parent = lab.parentFor(repo, options.on);
  const project = projectNameOf(repo, lab, options);
  const before = await parent.engine.listContainers(
    { labels: [`com.docker.compose.project=${project}`] },
    options.signal,
  );
  const takesDown = options.own === true || before.length === 0;
  const hosts = await composeUp(repo, lab, { ...options, projectName: project });
  return {
    project,
    hosts,
    async [Symbol.asyncDispose]() {
      if (!takesDown) return;
      // Without the caller's signal: an interrupted body still leaves nothing behind.
      const result = await composeDown(repo, lab, { on: options.on, projectName: project });
      if (result.status === "failed") throw result.error;
    },
  };
}
