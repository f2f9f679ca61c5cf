import type { StackWarning } from "@otto/compose";
import { describeMembership, type SwarmMembership, type SwarmNode } from "@otto/engine";
import { anySignal, isOttoError, OttoError, shareSignal } from "@otto/errors";
import type { Parent } from "@otto/hosts";
import type { SwarmLocation } from "../observed-swarm.js";
import { type Machine, matchNodes } from "./match-nodes.js";

/** What a host says of the swarm that it is in. */
export interface SwarmAnswer {
  readonly membership: SwarmMembership;
  /** Empty where it is no manager. */
  readonly nodes: readonly SwarmNode[];
}

/**
 * The hosts that manage the swarm of which `silent` is a node, as one of them says it, in the order of the lab: whoever asks
 * comes by the same one, and they take turns there. Pure.
 * @param silent id of the host that does not answer
 * @param from the host whose answer it is
 * @returns none where `silent` is no node of that swarm, or no node that can be told
 */
export function planStandIns(
  silent: string,
  { membership: { nodeId }, nodes }: SwarmAnswer,
  { from, machines }: { readonly from: Machine; readonly machines: readonly Machine[] },
): Machine[] {
  const matched = matchNodes(nodes, machines, { nodeId, machine: from });
  if (!matched.some(({ machine }) => machine?.id === silent)) return [];
  const managers = matched.filter(({ isManager, isReady }) => isManager && isReady).map(({ machine }) => machine?.id);
  return machines.filter(({ id }) => id !== silent && managers.includes(id));
}

/** So many hosts are asked at once which of them manages the swarm. */
const askedAtOnce = 8;

export interface ReachOptions {
  readonly signal?: AbortSignal | undefined;
  /** Hears that another manager is asked. */
  readonly onEvent?: ((event: StackWarning) => void) | undefined;
}

/**
 * The location as it is, if its manager answers; else with another manager of the same swarm that is a host of the lab.
 * @throws OttoError `SWARM_NO_MANAGER` naming the hosts that were tried; what connecting throws where there is no other host
 */
export async function reachManager<Of extends SwarmLocation>(location: Of, options: ReachOptions = {}): Promise<Of> {
  try {
    await askForSwarm(location.parent, options.signal);
    return location;
  } catch (error) {
    options.signal?.throwIfAborted();
    if (!isSilence(error)) throw error;
    return { ...location, parent: await findStandIn(location, error, options) };
  }
}

/** @param silence what asking the location's own manager threw @throws OttoError as {@link reachManager} */
export async function findStandIn(
  { parent, project, machines }: SwarmLocation,
  silence: OttoError,
  { signal, onEvent }: ReachOptions,
): Promise<Parent> {
  const others = machines.filter(({ id }) => id !== parent.id);
  if (others.length === 0) throw silence;
  const { standIns, refusals } = await askOthers(parent.id, { machines, others, signal });
  for (const { id, open } of standIns) {
    const standIn = open();
    const failure = await askForSwarm(standIn, signal).then(
      () => undefined,
      (error: unknown) => error as Error,
    );
    signal?.throwIfAborted();
    if (failure === undefined) {
      const message = `${parent.id} does not answer (${silence.message}); ${id}, another manager of its swarm, is used instead`;
      onEvent?.({ type: "compose.warning", project, message });
      return standIn;
    }
    refusals.set(id, failure.message);
  }
  const tried = others.map(({ id }) => ({ host: id, reason: refusals.get(id) ?? "" }));
  throw noManager(parent.id, tried, silence);
}

/** @returns who can stand in, as the first says that can tell; and why hosts cannot, by their ids */
async function askOthers(
  silent: string,
  {
    machines,
    others,
    signal: given,
  }: {
    readonly machines: readonly Machine[];
    readonly others: readonly Machine[];
    readonly signal: AbortSignal | undefined;
  },
): Promise<{ readonly standIns: readonly Machine[]; readonly refusals: Map<string, string> }> {
  const found = new AbortController();
  const signal = shareSignal(anySignal(found.signal, given));
  const refusals = new Map<string, string>();
  let standIns: readonly Machine[] = [];
  const queue = others.values();
  const ask = async () => {
    for (const from of queue) {
      if (found.signal.aborted) return;
      try {
        const answer = await askForSwarm(from.open(), signal);
        const planned = planStandIns(silent, answer, { from, machines });
        if (planned.length > 0 && standIns.length === 0) {
          standIns = planned;
          found.abort();
        }
        const reason = describeMembership(answer.membership)?.reason;
        refusals.set(from.id, reason ?? `${silent} is no node of the swarm that it manages`);
      } catch (error) {
        given?.throwIfAborted();
        refusals.set(from.id, (error as Error).message);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(askedAtOnce, others.length) }, ask));
  return { standIns, refusals };
}

async function askForSwarm({ engine: { swarm } }: Parent, given: AbortSignal | undefined): Promise<SwarmAnswer> {
  const signal = shareSignal(given);
  const listing = swarm.nodes(signal);
  // Who is no manager refuses that.
  listing.catch(() => {});
  const membership = await swarm.membership(signal);
  return { membership, nodes: describeMembership(membership) === undefined ? await listing : [] };
}

const silences: ReadonlySet<string> = new Set([
  "ENGINE_STREAM_LOST",
  "ENGINE_UNREACHABLE",
  "SSH_CHANNEL_REFUSED",
  "SSH_CONNECTION_LOST",
  "SSH_CONNECT_FAILED",
  "SSH_FORWARDING_REFUSED",
  "SSH_SESSION_CLOSED",
]);

/**
 * The manager, or the way to it, is why; another one may answer. What is wrong with a login or a host key is no silence; an engine
 * that is not up yet on a machine that is (`SSH_FORWARDING_REFUSED`) is one.
 */
export function isSilence(error: unknown): error is OttoError {
  if (!isOttoError(error)) return false;
  if (error.code === "ENGINE_REQUEST_FAILED") return Number(error.details?.status) >= 500;
  return silences.has(error.code);
}

function noManager(
  silent: string,
  tried: readonly { readonly host: string; readonly reason: string }[],
  cause: OttoError,
): OttoError {
  const reasons = tried.map(({ host, reason }) => `${host}: ${reason}`).join("; ");
  const message = `no manager of the swarm of ${silent} answers: ${silent}: ${cause.message}; ${reasons}`;
  return new OttoError("SWARM_NO_MANAGER", message, {
    hint: `Start ${silent} again, or add another manager of its swarm to the lab. A node that is not told to be ${silent}: \`docker node update --label-add otto.host=${silent} NODE\` on a manager.`,
    details: { host: silent, tried },
    cause,
  });
}
