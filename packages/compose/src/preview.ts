import { cleanText } from "@otto/errors";
import { checkProjectName } from "@otto/hashing";
import type { Parent } from "@otto/hosts";
import { measureIgnored, type TreeListing } from "@otto/remote-tree";
import { requireService } from "./declared/errors.js";
import { imageReferences } from "./declared/image-reference.js";
import { chooseServices, forcedServices } from "./declared/service-choice.js";
import type { PlacedStack } from "./declared/stack.js";
import { createStackRedactor } from "./declared/stack-redactor.js";
import { listStack, readDesiredStack } from "./desired/desired-stack.js";
import { type BuiltImages, withBuilt } from "./desired/image-stand-ins.js";
import { observeHeld } from "./observed/held-containers.js";
import { observeStack } from "./observed/observed-stack.js";
import { requireFree } from "./observed/other-services.js";
import { observeRemains } from "./observed/remains.js";
import { type DownStep, planDown } from "./plan/down.js";
import type { IgnoreStep, UpPreview } from "./plan/operations.js";
import { planUp } from "./plan/reconcile.js";
import { createCompose } from "./session/compose-process.js";
import { openStackSession } from "./session/stack-session.js";

export interface PreviewOptions {
  /** Whether compose may build images: of services with a `build` section. Default true. */
  readonly build?: boolean | undefined;
  /** As of `UpOptions`. */
  readonly cacheDir?: string | false | undefined;
  /**
   * Images that will be built or tagged before `up`: name to id, undefined if the id is not known yet. Default: none.
   */
  readonly builtImages?: BuiltImages | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * What `up` would do to each service, in its order, behind what it would not send. Changes nothing.
 * @throws OttoError `COMPOSE_PROJECT_INVALID`; `COMPOSE_NO_SERVICE`; `COMPOSE_UP_FAILED` when compose refuses the files; `COMPOSE_KEY_UNSUPPORTED`; `COMPOSE_ENGINE_FAILED`, `COMPOSE_MISSING`
 */
export async function previewUp(stack: PlacedStack, options: PreviewOptions = {}): Promise<UpPreview> {
  const { build = true, builtImages = new Map(), cacheDir, signal } = options;
  checkProjectName(stack.project);
  await using session = await openStackSession(stack, { who: undefined, signal });
  requireService(stack);
  const [observed, listing] = await Promise.all([
    observeStack(session, imageReferences(stack)),
    listStack(stack, { cacheDir, signal }),
  ]);
  requireFree(stack, observed.others);
  const compose = createCompose(session, createStackRedactor(stack));
  const desired = await readDesiredStack(compose, stack, { observed, listing, build, signal });
  const images = withBuilt(stack, observed.images, builtImages);
  const chosen = chooseServices(stack, observed.containers);
  const forced = forcedServices(chosen);
  const { project } = stack;
  const held = await observeHeld(session, observed.containers);
  const plan = planUp(chosen.files.services, {
    ...{ ...observed, ...desired, project, images, mayBuild: build, forced, held },
  });
  return [...(await readIgnored(stack, listing, signal)), ...plan];
}

async function readIgnored(
  { files }: PlacedStack,
  listing: TreeListing,
  signal: AbortSignal | undefined,
): Promise<IgnoreStep[]> {
  const ignored = await measureIgnored(files.resources, listing, signal);
  return ignored.map(({ remotePath, ...part }) => {
    const mount = cleanText(remotePath.replace(/^repo\/?/, "") || ".");
    return {
      do: "ignore",
      mount,
      ...part,
      cause: part.patterns.map((pattern) => cleanText(pattern)).join(", "),
      after: [],
    };
  });
}

export interface PreviewDownOptions {
  /** As of `DownOptions`. */
  readonly volumes: boolean;
  /** As of `DownOptions`. */
  readonly rmi?: "all" | "local" | undefined;
  /** As of `DownOptions`. */
  readonly services?: ReadonlySet<string> | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * What `takeDown` would remove. Changes nothing.
 * @throws OttoError `COMPOSE_PROJECT_INVALID`, `COMPOSE_DOWN_FAILED` when the parent's engine cannot be asked, and what connecting throws
 */
export async function previewDown(
  parent: Parent,
  project: string,
  { volumes, rmi, services, signal }: PreviewDownOptions,
): Promise<DownStep[]> {
  checkProjectName(project);
  await using session = await openStackSession({ parent, project }, { who: undefined, signal });
  const remains = await observeRemains(session, { volumes, rmi });
  return planDown(remains, { volumes, services });
}
