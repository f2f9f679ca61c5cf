import { quoteWord } from "@otto/errors";
import type { ObservedContainer } from "../observed/observed-stack.js";

/** Why a container may not be what it should be: what the engine knows of it. Texts are as they came. */
export interface ContainerReport {
  readonly service: string;
  readonly name: string;
  readonly state: string;
  readonly exitCode: number;
  readonly health: string | undefined;
  readonly restarts: number;
  /** Why the engine could not start it; empty: it could. */
  readonly startError: string;
  /** Whether it was killed because it used more memory than it may. */
  readonly isOutOfMemory: boolean;
  /** In bytes; undefined: none. */
  readonly memoryLimit: number | undefined;
  readonly hasReadOnlyRoot: boolean;
  /** What it runs. */
  readonly command: readonly string[];
  readonly image: string;
  /** Its last health check that has ended. */
  readonly probe: HealthProbe | undefined;
  /** The end of its log. */
  readonly logs: string;
}

export interface HealthProbe {
  readonly command: string;
  readonly exitCode: number;
  readonly output: string;
}

/** What is read of `docker container inspect` (Engine API 1.41 to 1.51, Podman 5). */
export interface InspectedContainer {
  readonly Id?: string;
  readonly Path?: string;
  readonly Args?: readonly string[] | null;
  readonly State?: {
    readonly Error?: string;
    readonly OOMKilled?: boolean;
    readonly Health?: { readonly Log?: readonly InspectedProbe[] | null } | null;
  };
  readonly Config?: {
    readonly Image?: string;
    readonly Healthcheck?: { readonly Test?: readonly string[] | null } | null;
  };
  readonly HostConfig?: { readonly Memory?: number; readonly ReadonlyRootfs?: boolean };
}

interface InspectedProbe {
  readonly ExitCode?: number;
  readonly Output?: string;
}

/** @param inspected undefined: nothing more is known than what was observed */
export function createReport(
  observed: ObservedContainer,
  inspected: InspectedContainer | undefined,
  logs: string,
): ContainerReport {
  const { State, Config, HostConfig } = inspected ?? {};
  const { service, name, state, exitCode, health, restarts } = observed;
  return {
    ...{ service, name, state, exitCode, health, restarts, logs },
    startError: State?.Error ?? "",
    isOutOfMemory: State?.OOMKilled === true,
    memoryLimit: HostConfig?.Memory || undefined,
    hasReadOnlyRoot: HostConfig?.ReadonlyRootfs === true,
    command: [inspected?.Path ?? "", ...(inspected?.Args ?? [])].filter((word, at) => at > 0 || word !== ""),
    image: Config?.Image ?? "",
    probe: readProbe(Config?.Healthcheck?.Test ?? [], State?.Health?.Log?.at(-1), observed),
  };
}

function readProbe(
  [kind, ...words]: readonly string[],
  last: InspectedProbe | undefined,
  { healthOutput }: ObservedContainer,
): HealthProbe | undefined {
  if (last === undefined && healthOutput === undefined) return undefined;
  const command = kind === "CMD-SHELL" ? words.join(" ") : words.map(quoteIfNeeded).join(" ");
  return { command, exitCode: last?.ExitCode ?? 0, output: last?.Output ?? healthOutput ?? "" };
}

function quoteIfNeeded(word: string): string {
  return /^[\w./:=@%+,-]+$/.test(word) ? word : quoteWord(word);
}

/** Reads the output of `docker container inspect`, by id; what is no such output has none. */
export function parseInspected(text: string): ReadonlyMap<string, InspectedContainer> {
  try {
    const parsed: unknown = JSON.parse(text);
    const list = (Array.isArray(parsed) ? parsed : []) as InspectedContainer[];
    return new Map(list.flatMap((one) => (typeof one?.Id === "string" ? [[one.Id, one] as const] : [])));
  } catch {
    return new Map();
  }
}
