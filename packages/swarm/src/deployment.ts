import { chooseServices, type FindLogin, forcedServices, type StackSession, type UpPlan } from "@otto/compose";
import type { NamedContent } from "./model/content-names.js";
import { loadContents } from "./model/load-contents.js";
import { describeIgnored, readSwarmModel } from "./model/read-model.js";
import { resolveImages } from "./model/resolve-images.js";
import { formatStackFile, type StackFile } from "./model/stack-file.js";
import type { StackModel } from "./model/stack-model.js";
import type { ObservedSwarm } from "./observed-swarm.js";
import { planUp } from "./plan/plan-up.js";
import type { SwarmStack } from "./swarm-stack.js";

/** Everything that a roll-out needs, decided. */
export interface Deployment {
  readonly model: StackModel;
  readonly contents: readonly NamedContent[];
  readonly file: StackFile;
  readonly plan: UpPlan;
  /** Services that are there as declared, and whose tasks are replaced all the same. */
  readonly forced: readonly string[];
  /** One sentence each, for the user. */
  readonly notices: readonly string[];
}

/** Reads the stack, and decides what is to be done. Changes nothing. */
export async function planDeployment(
  session: StackSession,
  stack: SwarmStack,
  {
    before,
    owned,
    findLogin,
    signal,
  }: {
    readonly before: ObservedSwarm;
    readonly owned: boolean;
    readonly findLogin?: FindLogin | undefined;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<Deployment> {
  const model = await readSwarmModel(session, stack, signal);
  const [contents, resolved] = await Promise.all([
    loadContents(stack, model.contents, before.clusterId),
    resolveImages(stack, model, { observed: before, findLogin, signal }),
  ]);
  const { choice = {}, project } = stack;
  const chosen = chooseServices(stack, []);
  const enabled = new Set(chosen.files.services.filter((service) => service.enabled).map(({ name }) => name));
  const file = formatStackFile(model, {
    images: resolved.images,
    contentNames: new Map(contents.map(({ kind, key, name }) => [`${kind} ${key}`, name])),
    scale: choice.scale ?? {},
    chosen: enabled,
    owned,
  });
  const { services, networks } = before;
  const prunes = choice.services === undefined || choice.services.length === 0;
  const asked = forcedServices(chosen);
  const { steps, forced } = planUp({ project, file, services, networks, prunes, owned, forced: asked });
  const ignored = describeIgnored(model);
  const notices = [...(ignored === undefined ? [] : [ignored]), ...resolved.warnings];
  return { model, contents, file, plan: steps, forced, notices };
}
