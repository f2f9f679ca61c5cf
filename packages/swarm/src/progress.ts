import type { ServicePhase, StackEvent } from "@otto/compose";
import type { SwarmTask } from "@otto/engine";
import { newest, placeOf } from "./converge/judge-service.js";
import { type ObservedSwarm, serviceOf } from "./observed-swarm.js";

/** Tells what tasks are at, from look to look. */
export interface SwarmProgress {
  note(observed: ObservedSwarm): void;
}

export function createProgress({
  project,
  before,
  onEvent,
}: {
  readonly project: string;
  readonly before: ObservedSwarm;
  readonly onEvent: (event: StackEvent) => void;
}): SwarmProgress {
  const told = new Map(before.tasks.map((task) => [task.id, phaseOf(task)]));
  return {
    note({ services, tasks }) {
      for (const service of services) {
        const own = tasks.filter(({ serviceId }) => serviceId === service.id);
        for (const place of new Set(own.map(placeOf))) {
          const task = newest(own.filter((one) => placeOf(one) === place));
          const state = task && phaseOf(task);
          if (task === undefined || state === undefined || told.get(task.id) === state) continue;
          told.set(task.id, state);
          const detail = state === "failed" || state === "waiting" ? task.error : "";
          onEvent({
            type: "compose.service",
            project,
            service: serviceOf(project, service),
            replica: task.slot ?? 1,
            state,
            ...(detail !== "" && { detail }),
            ...(state === "exited" && task.exitCode !== undefined && { exitCode: task.exitCode }),
          });
        }
      }
    },
  };
}

/** The words that stacks of Compose have for it. */
function phaseOf({ state, error }: SwarmTask): ServicePhase | undefined {
  if (state === "pending" && error !== "") return "waiting";
  return phases[state];
}

const phases: Readonly<Record<string, ServicePhase>> = {
  preparing: "creating",
  starting: "starting",
  running: "running",
  complete: "exited",
  failed: "failed",
  rejected: "failed",
};
