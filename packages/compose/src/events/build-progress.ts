import type { ComposeLine } from "./compose-line.js";
import type { ServicePhase, StackEvent } from "./stack-event.js";

interface Sinks {
  readonly project: string;
  readonly onEvent: (event: StackEvent) => void;
  readonly report: (service: string, state: ServicePhase, detail?: string) => void;
  /** Those of the command that runs. */
  readonly services: () => readonly string[];
}

type StepLine = Extract<ComposeLine, { about: "step" | "step-output" | "step-end" }>;

interface Step {
  readonly service: string;
  readonly step: string;
  /** What BuildKit does by itself before and after the instructions. */
  readonly isInternal: boolean;
}

export interface BuildProgress {
  read(line: StepLine): void;
  /** Nothing more is there to read now. */
  flush(): void;
  /** Another command runs: it counts its steps anew. */
  restart(): void;
}

/** Reads BuildKit's own lines: compose puts the service before the step, as `[web 2/3] RUN make`. */
export function createBuildProgress({ project, onEvent, report, services }: Sinks): BuildProgress {
  const steps = new Map<string, Step>();
  const built = new Set<string>();
  // A step that was cached begins, too, in the line before.
  let begun: Step | undefined;
  const emit = ({ service, step }: Step, state: "started" | "cached" | "done" | "failed") =>
    onEvent({ type: "compose.build", project, service, step, state });
  const flush = () => {
    if (begun !== undefined) emit(begun, "started");
    begun = undefined;
  };
  const begin = (id: string, text: string) => {
    const step = steps.has(id) ? undefined : readStep(text, services());
    if (step === undefined) return;
    steps.set(id, step);
    if (!built.has(step.service)) report(step.service, "building");
    if (!step.isInternal) begun = step;
  };
  const end = (step: Step, state: "done" | "cached" | "failed") => {
    if (!step.isInternal || state === "failed") emit(step, state);
    if (step.step !== exporting || state !== "done") return;
    built.add(step.service);
    report(step.service, "built");
  };
  return {
    read(line) {
      const known = steps.get(line.id);
      if (line.about === "step-end" && line.state === "cached" && known === begun) begun = undefined;
      flush();
      if (line.about === "step") begin(line.id, line.step);
      else if (known === undefined) return;
      else if (line.about === "step-end") end(known, line.state);
      else if (!known.isInternal)
        onEvent({ type: "compose.build-output", project, service: known.service, text: line.text });
    },
    flush,
    restart() {
      flush();
      steps.clear();
      built.clear();
    },
  };
}

const exporting = "exporting to image";

/** @returns undefined where the line does not say which service it belongs to */
function readStep(text: string, services: readonly string[]): Step | undefined {
  const [, words = "", rest = ""] = /^\[([^\]]*)\] (.*)$/.exec(text) ?? [];
  const named = services.find((service) => words === service || words.startsWith(`${service} `));
  const [only] = services;
  const service = named ?? (services.length === 1 ? only : undefined);
  if (service === undefined) return undefined;
  const place = named === undefined ? words : words.slice(named.length).trim();
  if (rest === exporting) return { service, step: exporting, isInternal: true };
  const isInternal = place === "internal" || place === "auth" || place === "";
  return { service, step: place === "" ? rest : `[${place}] ${rest}`, isInternal };
}
