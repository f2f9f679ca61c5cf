import { requireDeclared } from "@otto/compose";
import type { Repo } from "@otto/config";
import { shareSignal } from "@otto/errors";
import { eachPart, type Lab, type RepoPart } from "@otto/host-registry";
import { listContainerServices, listPartServices } from "./declared-services.js";
import type { PlacementOptions } from "./stack-placement.js";

/** What one of several parents gave or reported. */
export type OnParent<Row> = Row & {
  /** Id; absent where the call works on one parent alone. */
  readonly parent?: string;
};

interface PartOptions extends PlacementOptions {
  readonly services?: readonly string[] | undefined;
  /** By service. */
  readonly scale?: Readonly<Record<string, number>> | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A call on a repo: of all its parts, or of those that are given. */
export interface RepoCall {
  readonly repo: Repo;
  readonly lab: Lab;
  /** For the message of an unknown service, as `reading the logs`. */
  readonly doing: string;
  /** Default: those of `Lab.partsOf`. */
  readonly parts?: readonly RepoPart[] | undefined;
  /** Whether a service that is not declared and has a container is known, too. Default false. */
  readonly orRunning?: boolean | undefined;
}

/** What a call means on one parent. */
export interface PartCall<Options> {
  readonly part: RepoPart;
  readonly options: Options;
}

/**
 * The parts that a call works on: of several, those alone that declare one of `services`, each with its own. Events of several
 * say whose they are.
 * @throws OttoError `COMPOSE_UNKNOWN_SERVICE` for a service that none of several parts has, and what `Lab.partsOf` throws
 */
export async function choosePartCalls<Options extends PartOptions & Listening>(
  call: RepoCall,
  options: Options,
): Promise<PartCall<Options>[]> {
  const { repo, lab, parts = lab.partsOf(repo, options.on) } = call;
  if (parts.length === 1) return parts.map((part) => ({ part, options }));
  const chosen = await chooseServices({ ...call, parts }, options);
  const signal = shareSignal(options.signal);
  return chosen.map(({ part, ...choice }) => {
    const own = { ...options, ...choice, signal };
    return { part, options: chosen.length === 1 ? own : markEvents(part, own) };
  });
}

async function chooseServices(
  { repo, lab, doing, parts, orRunning = false }: RepoCall & { readonly parts: readonly RepoPart[] },
  options: PartOptions,
) {
  const { services = [], scale = {} } = options;
  const named = [...services, ...Object.keys(scale)];
  if (named.length === 0) return parts.map((part) => ({ part }));
  let known = await eachPart(parts, (part) => listPartServices(part, lab, options));
  if (orRunning && named.some((name) => !known.flat().includes(name))) {
    const there = await eachPart(parts, (part) => listContainerServices(part, lab, options));
    known = known.map((names, index) => [...names, ...(there[index] ?? [])]);
  }
  requireDeclared({ repo, files: { services: known.flat().map((name) => ({ name })) } }, named, doing);
  return parts
    .map((part, index) => {
      const has = (name: string) => known[index]?.includes(name);
      const scaled = Object.entries(scale).filter(([name]) => has(name));
      return { part, services: services.filter(has), scale: Object.fromEntries(scaled) };
    })
    .filter((chosen) => services.length === 0 || chosen.services.length > 0);
}

/** What one part gave. */
export interface PartResult<T> {
  readonly part: RepoPart;
  readonly value: T;
}

/**
 * Does the work of a call on each of its parts, side by side; one that fails does not stop the others.
 * @throws what {@link choosePartCalls} and `eachPart` throw
 */
export async function callParts<Options extends PartOptions & Listening, T>(
  call: RepoCall,
  options: Options,
  work: (part: RepoPart, options: Options) => Promise<T>,
): Promise<PartResult<T>[]> {
  const calls = await choosePartCalls(call, options);
  const parts = calls.map((one) => ({ ...one, parent: one.part.parent }));
  return eachPart(parts, async ({ part, options: own }) => ({ part, value: await work(part, own) }), options);
}

/** The rows of all parts; where there are several, each says whose it is. */
export function joinRows<Row extends object>(results: readonly PartResult<readonly Row[]>[]): OnParent<Row>[] {
  if (results.length === 1) return results.flatMap(({ value }) => value);
  return results.flatMap(({ part, value }) => value.map((row) => ({ ...row, parent: part.parent.id })));
}

type Listener = ((event: never) => void) | undefined;

interface Listening {
  readonly onEvent?: Listener;
  readonly onPhase?: Listener;
}

/** The same options, whose listeners get events with the parent in them. */
function markEvents<Options extends Listening>({ parent }: RepoPart, options: Options): Options {
  const mark = (listener: Listener) =>
    listener && ((event: object) => listener({ ...event, parent: parent.id } as never));
  return { ...options, onEvent: mark(options.onEvent), onPhase: mark(options.onPhase) };
}
