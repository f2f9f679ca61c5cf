import type { PlacedStack } from "@otto/compose";
import { type EachOptions, eachPart } from "@otto/host-registry";
import { type Parent, readServiceReplica } from "@otto/hosts";
import { circularPorts, providerMissing } from "./environment-errors.js";
import type { ChosenPort } from "./part-environment.js";

export type PortOf = (port: ChosenPort) => number;

/** What may need ports that others' engines choose. */
export interface OrderedPart {
  readonly parent: Parent;
  readonly stack: PlacedStack;
  readonly ports: readonly ChosenPort[];
  readonly read: (given: { readonly portOf: PortOf }) => Promise<PlacedStack>;
}

/**
 * Sorts parts so that each stands behind those whose ports it needs. Pure.
 * @throws OttoError `COMPOSE_REFERENCE_CYCLE`
 */
export function providersFirst<Part extends Pick<OrderedPart, "parent" | "stack" | "ports">>(
  parts: readonly Part[],
): Part[] {
  const sorted = new Set<Part>();
  const visit = (part: Part, waiting: readonly Part[]): void => {
    if (sorted.has(part)) return;
    if (waiting.includes(part)) {
      const circle = waiting.slice(waiting.indexOf(part)).map(({ parent }) => parent.id);
      throw circularPorts(part.stack.repo.name, circle);
    }
    for (const provider of providersOf(part, parts)) visit(provider, [...waiting, part]);
    sorted.add(part);
  };
  for (const part of parts) visit(part, []);
  return [...sorted];
}

function providersOf<Part extends Pick<OrderedPart, "parent" | "ports">>(
  { ports }: Part,
  parts: readonly Part[],
): Part[] {
  return parts.filter(({ parent }) => ports.some((port) => port.parent.id === parent.id));
}

/** What came of the work on a part. */
export type PartEnd<T> = { readonly value: T } | { readonly error: unknown };

/**
 * Works on parts side by side, on each when those whose ports it needs are done, with its stack read for these ports.
 * @param options `onEnd` is called with what came of each part when it is known
 * @returns in the order of the parts
 * @throws what `eachPart` throws; of a part whose provider is not up, `COMPOSE_PROVIDER_NOT_UP`
 */
export async function eachInOrder<Part extends OrderedPart, T>(
  parts: readonly Part[],
  work: (part: Part) => Promise<T>,
  { onEnd, ...options }: EachOptions & { readonly onEnd?: (part: Part, end: PartEnd<T>) => void },
): Promise<T[]> {
  // Whoever is waited for has begun before.
  const sorted = providersFirst(parts);
  const begun = new Map<Part, Promise<T>>();
  const results = await eachPart(
    sorted,
    (part) => {
      const providers = providersOf(part, parts).flatMap((provider) => begun.get(provider) ?? []);
      const done = workWithPorts(part, providers, { work, options });
      begun.set(part, done);
      done.then(
        (value) => onEnd?.(part, { value }),
        (error: unknown) => onEnd?.(part, { error }),
      );
      return done;
    },
    options,
  );
  return parts.map((part) => results[sorted.indexOf(part)] as T);
}

async function workWithPorts<Part extends OrderedPart, T>(
  part: Part,
  providers: readonly Promise<T>[],
  { work, options }: { readonly work: (part: Part) => Promise<T>; readonly options: EachOptions },
): Promise<T> {
  const [first] = part.ports;
  if (first === undefined) return work(part);
  await Promise.all(providers).catch((cause: unknown) => {
    options.signal?.throwIfAborted();
    throw providerMissing(wordsOf(first), cause);
  });
  const portOf = await readPorts(part.ports, options.signal);
  return work({ ...part, stack: await part.read({ portOf }) });
}

/** @throws OttoError `COMPOSE_PROVIDER_NOT_UP` */
async function readPorts(ports: readonly ChosenPort[], signal: AbortSignal | undefined): Promise<PortOf> {
  return lookUp(ports, async (port) => {
    const number = await readPort(port, signal);
    if (number === undefined) throw providerMissing(wordsOf(port));
    return number;
  });
}

async function lookUp(ports: readonly ChosenPort[], read: (port: ChosenPort) => Promise<number>): Promise<PortOf> {
  const found = await Promise.all(ports.map(async (port) => [keyOf(port), await read(port)] as const));
  const known = new Map(found);
  return (port) => known.get(keyOf(port)) ?? 0;
}

function keyOf(port: ChosenPort): string {
  return JSON.stringify(wordsOf(port));
}

/** That of the service's first container, where it runs. */
async function readPort(
  { parent, service, port, protocol, project }: ChosenPort,
  signal: AbortSignal | undefined,
): Promise<number | undefined> {
  const labels = [`com.docker.compose.project=${project}`, `com.docker.compose.service=${service}`];
  const containers = await parent.engine.listContainers({ labels }, signal);
  const replicas = containers.flatMap(({ Labels, Ports }) => {
    const place = readServiceReplica(Labels);
    return place === undefined ? [] : [{ replica: place.replica, ports: Ports }];
  });
  const [first] = replicas.toSorted((a, b) => a.replica - b.replica);
  return first?.ports.find(({ PrivatePort, Type }) => PrivatePort === port && Type === protocol)?.PublicPort;
}

/** The ports that are known now; for a plan, which brings nothing up. */
export function findPorts(ports: readonly ChosenPort[], signal: AbortSignal | undefined): Promise<PortOf> {
  return lookUp(ports, async (port) => (await readPort(port, signal)) ?? 0);
}

function wordsOf({ parent, service, port, protocol }: ChosenPort) {
  return { service, port, protocol, parent: parent.id };
}
