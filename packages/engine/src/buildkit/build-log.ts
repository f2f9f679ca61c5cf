import { type BuildFailure, keepLastLines } from "../build-failure.js";
import type { BuildProgress } from "../build-progress.js";
import type { Trace, TracedStep } from "./trace.js";

type StepState = Extract<BuildProgress, { type: "step" }>["state"];

// So much of a step's output is kept that its last lines are among it.
const keptLength = 64 * 1024;

/** Follows a build's traces: tells each change once, and keeps what a failed step said. */
export class BuildLog {
  readonly #onProgress: (progress: BuildProgress) => void;
  readonly #names = new Map<string, string>();
  readonly #states = new Map<string, StepState>();
  readonly #outputs = new Map<string, string>();
  #failed: TracedStep | undefined;

  constructor(onProgress: (progress: BuildProgress) => void) {
    this.#onProgress = onProgress;
  }

  follow(trace: Trace): void {
    for (const step of trace.steps) this.#followStep(step);
    for (const { stepId, text } of trace.logs) {
      const kept = (this.#outputs.get(stepId) ?? "") + text;
      this.#outputs.set(stepId, kept.length > keptLength ? keepLastLines(kept) : kept);
      this.#onProgress({ type: "output", step: this.#names.get(stepId), text });
    }
  }

  /** What there is to say of a build that ended with `message`. */
  failure(message: string): BuildFailure {
    const step = this.#failed;
    const output = step === undefined ? this.#everything() : (this.#outputs.get(step.id) ?? "");
    return { message, step: step?.name, output, exitCode: exitCodeIn(message) };
  }

  #followStep(step: TracedStep): void {
    this.#names.set(step.id, step.name);
    const state = stateOf(step);
    if (state === "failed") this.#failed ??= step;
    if (state === undefined || this.#states.get(step.id) === state) return;
    this.#states.set(step.id, state);
    this.#onProgress({ type: "step", step: step.name, state });
  }

  #everything(): string {
    return [...this.#outputs.values()].join("");
  }
}

function stateOf(step: TracedStep): StepState | undefined {
  if (step.error !== undefined && step.error !== "")
    return step.error.endsWith("context canceled") ? undefined : "failed";
  if (step.cached) return "cached";
  if (step.completed) return "done";
  return step.started ? "started" : undefined;
}

/** BuildKit gives a step's exit code in words only: `process "…" did not complete successfully: exit code: 4`. */
function exitCodeIn(message: string): number | undefined {
  const [, code] = /exit code: (\d+)$/.exec(message) ?? [];
  return code === undefined ? undefined : Number(code);
}
