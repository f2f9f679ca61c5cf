import type { Engine } from "@otto/engine";
import { OttoError, quoteCommand, quoteWord } from "@otto/errors";
import { projectLabel, readServiceReplica } from "../compose/compose-labels.js";
import type { Parent } from "../parent/parent.js";
import { type Fault, openFault } from "./fault.js";
import type { FaultPlan } from "./fault-script.js";

/** A container, and how it is on each of its networks. */
export interface NetworkMember {
  readonly id: string;
  readonly service: string;
  /** By the network's name. */
  readonly networks: Readonly<Record<string, NetworkPlace>>;
}

export interface NetworkPlace {
  readonly aliases: readonly string[];
  /** That it was given; undefined: the engine chose it. */
  readonly ipv4?: string | undefined;
  readonly ipv6?: string | undefined;
}

export interface Partition {
  readonly project: string;
  /** Services that do not reach those of `b`, nor are reached by them. */
  readonly a: readonly string[];
  readonly b: readonly string[];
}

/**
 * Plans to cut the services `a` from the services `b`. Of each network that both are on, those of `a` leave, and meet all
 * others of the project but `b` on one of their own. Pure.
 * @param docker words of a docker client, quoted
 * @param networkName what the new network for the one of this number is called
 * @returns undefined where they share no network
 */
export function planPartition(
  members: readonly NetworkMember[],
  { project, a, b }: Partition,
  { docker, networkName }: { readonly docker: string; readonly networkName: (number: number) => string },
): FaultPlan | undefined {
  const on = (network: string) => members.filter(({ networks }) => Object.hasOwn(networks, network));
  const isOf = (services: readonly string[]) => (member: NetworkMember) => services.includes(member.service);
  const all = [...new Set(members.flatMap(({ networks }) => Object.keys(networks)))];
  const shared = all.filter((network) => on(network).some(isOf(a)) && on(network).some(isOf(b)));
  if (shared.length === 0) return undefined;
  const steps = shared.map((network, number) => {
    const own = quoteWord(networkName(number));
    const old = quoteWord(network);
    const placeOf = ({ networks }: NetworkMember) => networks[network] as NetworkPlace;
    const moved = on(network).filter((one) => !isOf(b)(one));
    const cut = moved.filter(isOf(a));
    const connect = (member: NetworkMember, to: string, keepsAddress: boolean) =>
      `${docker} network connect ${connectFlags(placeOf(member), keepsAddress)} ${to} ${member.id}`;
    return {
      act: [
        `${docker} network create --label ${quoteWord(projectLabel(project))} ${own}`,
        ...moved.map((member) => connect(member, own, false)),
        ...cut.map(({ id }) => `${docker} network disconnect --force ${old} ${id}`),
      ].join(" &&\n"),
      // Those that are gone meanwhile need nothing.
      undo: [
        ...cut.map((member) => `${connect(member, old, true)} || :`),
        ...moved.map(({ id }) => `${docker} network disconnect --force ${own} ${id} || :`),
        `${docker} network rm ${own} || ! ${docker} network inspect ${own}`,
      ].join("\n"),
    };
  });
  return { act: steps.map(({ act }) => act).join(" &&\n"), undo: steps.map(({ undo }) => undo).join("\n") };
}

function connectFlags({ aliases, ipv4, ipv6 }: NetworkPlace, keepsAddress: boolean): string {
  const addresses = [...(ipv4 ? [`--ip=${ipv4}`] : []), ...(ipv6 ? [`--ip6=${ipv6}`] : [])];
  const flags = [...aliases.map((alias) => `--alias=${alias}`), ...(keepsAddress ? addresses : [])];
  return flags.map(quoteWord).join(" ");
}

/**
 * Cuts services of a project from others, on one parent, until it is undone or this process or its link dies.
 * @returns undefined where there is nothing to cut: no container of one side, or no network that both are on
 * @throws OttoError `HOST_FAULT_FAILED`
 */
export async function openPartition(
  parent: Pick<Parent, "id" | "spawn" | "docker" | "engine">,
  partition: Partition,
  { name, signal }: { readonly name: string; readonly signal?: AbortSignal | undefined },
): Promise<Fault | undefined> {
  const members = await readMembers(parent.engine, partition.project, signal);
  const docker = quoteCommand(parent.docker.command);
  const networkName = (number: number) => `${partition.project}_cut-${name}-${number}`;
  const plan = planPartition(members, partition, { docker, networkName });
  if (plan === undefined) return undefined;
  const doing = `cut ${partition.a.join(", ")} from ${partition.b.join(", ")} on ${parent.id}`;
  return openFault(parent, { ...plan, doing }, signal);
}

async function readMembers(
  engine: Engine,
  project: string,
  signal: AbortSignal | undefined,
): Promise<readonly NetworkMember[]> {
  const listed = await engine.listContainers({ labels: [projectLabel(project)] }, signal);
  const read = await Promise.all(
    listed.map(async ({ Id, Labels }) => {
      const service = readServiceReplica(Labels)?.service ?? Labels["com.docker.compose.service"];
      const details = await engine.inspectContainer(Id, signal);
      if (details === undefined || service === undefined) return [];
      const networks = Object.entries(details.NetworkSettings.Networks as Readonly<Record<string, EndpointSettings>>);
      return [{ id: Id, service, networks: Object.fromEntries(networks.map(([key, one]) => [key, placeOf(Id, one)])) }];
    }),
  );
  return read.flat();
}

/** What is read of a container's `NetworkSettings.Networks` (Engine API 1.41 to 1.51). */
interface EndpointSettings {
  readonly Aliases?: readonly string[] | null;
  readonly IPAMConfig?: { readonly IPv4Address?: string; readonly IPv6Address?: string } | null;
}

/** The engine adds the alias that is the beginning of the id by itself. */
function placeOf(id: string, { Aliases, IPAMConfig }: EndpointSettings): NetworkPlace {
  const aliases = (Aliases ?? []).filter((alias) => !(alias.length === 12 && id.startsWith(alias)));
  return { aliases, ipv4: IPAMConfig?.IPv4Address, ipv6: IPAMConfig?.IPv6Address };
}

/** @throws OttoError `HOST_FAULT_FAILED` */
export function nothingToCut({ project, a, b }: Partition): OttoError {
  const message = `cutting ${a.join(", ")} from ${b.join(", ")} in ${project}: no two of their containers share a network`;
  return new OttoError("HOST_FAULT_FAILED", message, {
    hint: "Look at the services and their networks with `otto docker ps` and `otto docker graph`.",
    details: { project, a: [...a], b: [...b] },
  });
}
