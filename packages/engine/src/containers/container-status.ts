import type { ContainerSummary } from "./containers.js";

/**
 * What a container is at, in one word. `absent`: there is none; `starting`: it runs, and its health check has neither passed
 * nor failed yet; `running`: it runs and has no health check; `unknown`: the engine uses a word that is none of these.
 */
export type ContainerState = (typeof containerStates)[number];

/** All words that {@link ContainerState} has. */
export const containerStates = [
  "absent",
  "created",
  "starting",
  "running",
  "healthy",
  "unhealthy",
  "restarting",
  "paused",
  "removing",
  "exited",
  "dead",
  "unknown",
] as const;

export interface ContainerStatus {
  readonly state: ContainerState;
  /** That of its last end; for `exited`, `dead` and `restarting`, where it is known. */
  readonly exitCode?: number | undefined;
}

/** What an engine says of a container. */
export interface ContainerFacts {
  /** `State.Status` of `docker container inspect`: `running`, `exited`, … */
  readonly state: string;
  readonly exitCode?: number | undefined;
  /** `State.Health.Status`; `none` or undefined without a health check. */
  readonly health?: string | undefined;
}

const endedStates: ReadonlySet<ContainerState> = new Set(["restarting", "exited", "dead"]);

/** @param facts undefined: there is no container */
export function readContainerStatus(facts: ContainerFacts | undefined): ContainerStatus {
  if (facts === undefined) return { state: "absent" };
  const state = stateOf(facts);
  const { exitCode } = facts;
  return endedStates.has(state) && exitCode !== undefined ? { state, exitCode } : { state };
}

/** The same of one that was listed. @param container undefined: there is none */
export function readListedStatus(container: Pick<ContainerSummary, "State" | "Status"> | undefined): ContainerStatus {
  return readContainerStatus(container && { state: container.State, ...parseStatusText(container.Status) });
}

/** For a person: `exited (3)`, `healthy`. @param status also of a host that is `placeholder` */
export function formatContainerStatus(status: {
  readonly state: string;
  readonly exitCode?: number | undefined;
}): string {
  const { state, exitCode } = status;
  return exitCode === undefined ? state : `${state} (${exitCode})`;
}

/** Whether commands can be started in it. */
export function isRunningState(state: ContainerState): boolean {
  return state === "running" || state === "starting" || state === "healthy" || state === "unhealthy";
}

/** Podman's own words beside Docker's. */
const synonyms: Readonly<Record<string, ContainerState>> = {
  configured: "created",
  initialized: "created",
  stopped: "exited",
  stopping: "running",
};

function stateOf({ state, health }: ContainerFacts): ContainerState {
  const word = containerStates.find((one) => one === state) ?? synonyms[state] ?? "unknown";
  if (word !== "running") return word;
  return health === "starting" || health === "healthy" || health === "unhealthy" ? health : "running";
}

/**
 * Reads the text that an engine has for a person: `Up 3 seconds (health: starting)`, `Up 2 minutes (unhealthy)`, `Exited (137)
 * 4 minutes ago`, `Restarting (1) 5 seconds ago` (Docker 20.10 to 29, Podman 5).
 */
function parseStatusText(text = ""): Pick<ContainerFacts, "exitCode" | "health"> {
  const ended = /^(?:Exited|Restarting) \((\d+)\)/.exec(text);
  const health = /\((?:health: )?(starting|healthy|unhealthy)\)$/.exec(text);
  return { exitCode: ended === null ? undefined : Number(ended[1]), health: health?.[1] };
}
