import type { ComposeService } from "@otto/compose-files";
import { readContainerStatus } from "@otto/engine";
import { cleanText, type Redactor } from "@otto/errors";
import type { ServiceReplica } from "@otto/hosts";
import { findReplica } from "../declared/container-name.js";
import type { ContainerChange } from "../observed/container-events.js";
import type { ObservedContainer } from "../observed/observed-stack.js";
import type { ComposeOutcome } from "../session/compose-process.js";
import { createBuildProgress } from "./build-progress.js";
import { type ComposeLine, isTransferLine, parseComposeLine } from "./compose-line.js";
import { createPullProgress } from "./pull-progress.js";
import type { ComposeOutputEvent, ServiceEvent, ServicePhase, StackEvent } from "./stack-event.js";

export interface ProgressOptions {
  readonly project: string;
  /** The services that there are declarations of; a tear-down knows none. */
  readonly services?: readonly ComposeService[];
  /** The containers there are before anything is done. */
  readonly before: readonly ObservedContainer[];
  /** Takes secrets out of what containers write. Default: there are none. */
  readonly redactor?: Redactor | undefined;
  readonly onEvent: (event: StackEvent) => void;
  /** By the name of an image, the services that have it. Default: no service has one. */
  readonly servicesOfImage?: ((image: string) => readonly string[]) | undefined;
  /** Milliseconds that only grow. Default: since the process began. */
  readonly now?: (() => number) | undefined;
}

/** Makes events of what compose writes and the engine says, each when something changes, until it is disposed. */
export interface StackProgress extends Disposable {
  /** Takes whole lines. @returns those that no event says */
  read(text: string): string;
  /** Takes what the engine says happened to a container. */
  hear(change: ContainerChange): void;
  /** Reports what a service as a whole is at. */
  report(service: string, state: ServicePhase, detail?: string): void;
  /** Names the services that are done now, and the containers that go with that or are replaced. */
  begin(run: { readonly services: readonly string[]; readonly replaced: ReadonlySet<string> }): void;
}

interface Current {
  readonly event: ServiceEvent;
  readonly text: string;
}

type Change = Omit<ServiceEvent, "type" | "project" | "service">;

/** What compose's words about a container mean; the engine says the rest itself, and more exactly. */
const composeStates: Readonly<Record<string, ServicePhase>> = {
  Creating: "creating",
  Recreate: "creating",
  Created: "created",
  Recreated: "created",
  Starting: "starting",
  Started: "running",
  Restarting: "restarting",
  Restarted: "running",
  Paused: "paused",
  Unpaused: "running",
  Stopping: "stopping",
  Killing: "stopping",
  Stopped: "stopped",
  Killed: "stopped",
  Removing: "removing",
  Removed: "removed",
};

/** Compose and the engine speak of the same on two ways: these hold only after those, as the other may have been ahead. */
const expectedBefore: Partial<Record<ServicePhase, readonly (ServicePhase | undefined)[]>> = {
  created: [undefined, "creating"],
  starting: [undefined, "creating", "created", "exited", "stopped", "paused"],
  running: [undefined, "starting", "restarting", "paused"],
  stopped: [undefined, "stopping"],
};

export function createStackProgress(options: ProgressOptions): StackProgress {
  const { project, services = [], before, redactor, onEvent, now = () => performance.now() } = options;
  const currents = new Map<string, Current>();
  const started = new Map<string, number>();
  const names = new Map(before.map((container) => [container.name, container as ServiceReplica]));
  const ids = new Set(before.map(({ id }) => id));
  let replaced: ReadonlySet<string> = new Set();
  let acting: ReadonlySet<string> = new Set();
  let isClosed = false;
  const declared = new Map(services.map((service) => [service.name, service]));
  for (const container of before) {
    const event: ServiceEvent = { type: "compose.service", project, ...placeOf(container), state: phaseOf(container) };
    currents.set(keyOf(container), { event, text: "" });
  }
  const tell = (known: { readonly service: string; readonly replica?: number }, change: Change) => {
    const event: ServiceEvent = { type: "compose.service", project, ...placeOf(known), ...change };
    const { afterMs: _, ...said } = event;
    const text = JSON.stringify(said);
    const key = keyOf(known);
    if (currents.get(key)?.text === text) return;
    currents.set(key, { event, text });
    onEvent(event);
    if (change.state !== "waiting") tellWaiting();
  };
  const latest = (known: { readonly service: string; readonly replica?: number }) =>
    currents.get(keyOf(known))?.event.state;
  const startedPhase = ({ service }: ServiceReplica) =>
    declared.get(service)?.hasHealthcheck ? "starting" : "running";
  const isExpected = (known: ServiceReplica, state: ServicePhase) => {
    const expected = expectedBefore[state];
    const last = latest(known);
    return expected === undefined || expected.includes(last === "waiting" && state === "starting" ? "created" : last);
  };
  /** The services that one waits for: those that are not what its `depends_on` says. */
  const awaited = ({ dependsOn }: ComposeService) =>
    dependsOn
      .filter(({ service, condition }) => declared.has(service) && !isMet(statesOf(service), condition, isStarted))
      .map(({ service }) => service);
  const isStarted = (event: ServiceEvent) => started.has(keyOf(event)) || startedPhases.has(event.state);
  const statesOf = (service: string) =>
    [...currents.values()].map(({ event }) => event).filter((event) => event.service === service && event.replica);
  const tellWaiting = () => {
    for (const service of services.filter(({ name }) => acting.has(name))) {
      const created = statesOf(service.name).filter(({ state }) => state === "created" || state === "waiting");
      const waitsFor = created.length === 0 ? [] : awaited(service);
      if (waitsFor.length === 0) continue;
      for (const { replica = 1 } of created) tell({ service: service.name, replica }, { state: "waiting", waitsFor });
    }
  };
  const report = (service: string, state: ServicePhase, detail?: string) =>
    tell({ service }, { state, ...(detail && { detail }) });
  const pulls = createPullProgress({ project, onEvent, report });
  const builds = createBuildProgress({ project, onEvent, report, services: () => [...acting] });
  const knownOf = (name: string) => names.get(name) ?? findReplica(name, project, services);
  const readContainer = (name: string, said: string) => {
    const known = knownOf(name);
    const state = said.startsWith("Error") ? "failed" : composeStates[said];
    if (known === undefined || state === undefined) return;
    if (!isExpected(known, state)) return;
    tell(known, { container: name, state: said === "Started" ? startedPhase(known) : state });
  };
  const readLine = (line: ComposeLine) => {
    switch (line.about) {
      case "container":
        return readContainer(line.name, line.state);
      case "resource":
        return onEvent({
          type: "compose.resource",
          project,
          resource: line.resource,
          name: line.name,
          state: line.state,
        });
      case "image": {
        const named = declared.has(line.name) ? [line.name] : (options.servicesOfImage?.(line.name) ?? []);
        for (const service of named) pulls.readImage(service, line);
        return;
      }
      case "layer":
        return pulls.readLayer(line);
      case "step":
      case "step-output":
      case "step-end":
        return builds.read(line);
    }
  };
  const toChange = (change: ContainerChange, known: ServiceReplica): Change | undefined => {
    const { action, id, exitCode } = change;
    if (action === "create") return isExpected(known, "created") ? { state: "created" } : undefined;
    if (action === "start") return { state: startedPhase(known) };
    if (action === "unpause") return { state: "running" };
    if (action === "pause") return { state: "paused" };
    if (action === "destroy") return replaced.has(id) ? undefined : { state: "removed" };
    const isMeant = replaced.has(id) || latest(known) === "stopping";
    if (isMeant) return action === "die" ? { state: "stopped" } : undefined;
    const began = started.get(keyOf(known));
    const detail = lastWords(change.said, redactor);
    const about = {
      ...(began !== undefined && { afterMs: Math.round(now() - began) }),
      ...(detail !== "" && { detail }),
    };
    if (action !== "die") return { ...about, state: action };
    const isLast = endsForGood(declared.get(known.service), exitCode);
    return { ...about, exitCode, state: isLast ? "exited" : "restarting" };
  };
  return {
    read(text) {
      const rest = text.split("\n").filter((line) => {
        const parsed = parseComposeLine(line);
        if (parsed !== undefined) readLine(parsed);
        return parsed === undefined && line.trim() !== "";
      });
      builds.flush();
      return rest.map((line) => `${line}\n`).join("");
    },
    hear(change) {
      const { id, action, service, replica, name } = change;
      // The events of the second in which the watch began are heard, too: those of containers that have gone.
      if (action === "create") ids.add(id);
      if (isClosed || !ids.has(id) || service === "") return;
      const known = { service, replica };
      names.set(name, known);
      if (action === "start") started.set(keyOf(known), now());
      const told = toChange(change, known);
      if (told !== undefined) tell(known, { container: name, ...told });
    },
    report,
    begin(run) {
      replaced = run.replaced;
      acting = new Set(run.services);
      builds.restart();
      tellWaiting();
    },
    // What is done after that to a stack that did not come up is not what it was opened for.
    [Symbol.dispose]() {
      isClosed = true;
    },
  };
}

/** What gets compose's output as it comes; what no event of its own says is an event of the type `compose.output`. */
export function readOutput(
  progress: StackProgress,
  project: string,
  onEvent: ((event: ComposeOutputEvent) => void) | undefined,
): (text: string) => void {
  return (text) => {
    const rest = progress.read(text);
    if (rest !== "") onEvent?.({ type: "compose.output", project, text: rest });
  };
}

/** Leaves out how far each layer was: it does not say why something failed. */
export function withoutTransfers(outcome: ComposeOutcome): ComposeOutcome {
  const lines = outcome.output.split("\n").filter((line) => !isTransferLine(line));
  return { ...outcome, output: lines.join("\n") };
}

function keyOf({ service, replica }: { readonly service: string; readonly replica?: number }): string {
  return `${replica ?? ""} ${service}`;
}

function placeOf({ service, replica }: { readonly service: string; readonly replica?: number }) {
  return { service, ...(replica !== undefined && { replica }) };
}

function phaseOf(container: ObservedContainer): ServicePhase {
  const { state } = readContainerStatus(container);
  return state === "absent" || state === "dead" || state === "unknown" ? "exited" : state;
}

type Condition = ComposeService["dependsOn"][number]["condition"];

const startedPhases: ReadonlySet<ServicePhase> = new Set(["running", "healthy", "unhealthy", "exited", "restarting"]);

function isMet(
  events: readonly ServiceEvent[],
  condition: Condition,
  isStarted: (event: ServiceEvent) => boolean,
): boolean {
  if (events.length === 0) return false;
  return events.every((event) => {
    const { state, exitCode } = event;
    if (condition === "service_healthy") return state === "healthy";
    if (condition === "service_completed_successfully") return state === "exited" && (exitCode ?? 0) === 0;
    return isStarted(event);
  });
}

/** Whether the engine leaves one that ended with this code as it is. */
function endsForGood(service: ComposeService | undefined, exitCode: number): boolean {
  const policy = service?.restart ?? "no";
  if (policy === "always" || policy === "unless-stopped") return false;
  return !(policy.startsWith("on-failure") && exitCode !== 0);
}

const longestDetail = 300;

function lastWords(said: string, redactor: Redactor | undefined): string {
  const text = cleanText(said, redactor).trim();
  return text.length > longestDetail ? `${text.slice(0, longestDetail)}…` : text;
}
