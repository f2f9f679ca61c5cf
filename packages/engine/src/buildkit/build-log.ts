import { OutputText, type Redactor } from "@otto/errors";
import { type BuildFailure, trimGrowing } from "../build/build-failure.js";
import type { BuildProgress } from "../build/build-options.js";
import type { Trace, TracedLog, TracedStep } from "./trace.js";

type StepState = Extract<BuildProgress, { type: "step" }>["state"];

/** Follows a build's traces: tells each change once, and keeps what a failed step said. */
export class BuildLog {
  readonly #onProgress: (progress: BuildProgress) => void;
  readonly #redactor: Redactor;
  readonly #names = new Map<string, string>();
  readonly #states = new Map<string, StepState>();
  /** By step: its streams by number. */
  readonly #streams = new Map<string, Map<number, OutputText>>();
  readonly #outputs = new Map<string, string>();
  #failed: TracedStep | undefined;

  constructor(onProgress: (progress: BuildProgress) => void, redactor: Redactor) {
    this.#onProgress = onProgress;
    this.#redactor = redactor;
  }

  follow(trace: Trace): void {
    for (const step of trace.steps) this.#names.set(step.id, step.name);
    for (const step of trace.steps) if (step.completedAt === undefined) this.#followState(step);
    for (const log of trace.logs) this.#addOutput(log.stepId, this.#streamOf(log).write(log.bytes));
    for (const step of trace.steps.filter(({ completedAt }) => completedAt !== undefined)) {
      this.#flush(step.id);
      this.#followState(step);
    }
  }

  /** The build is over, however it ended: what is left of the output is told. */
  end(): void {
    for (const stepId of this.#streams.keys()) this.#flush(stepId);
  }

  /** What there is to say of a build that ended with `message`. */
  failure(message: string): BuildFailure {
    this.end();
    const step = this.#failed;
    const output = step === undefined ? this.#everything() : (this.#outputs.get(step.id) ?? "");
    return { message, step: step?.name, output, exitCode: exitCodeIn(message) };
  }

  #streamOf({ stepId, stream }: TracedLog): OutputText {
    const streams = this.#streams.get(stepId) ?? new Map<number, OutputText>();
    this.#streams.set(stepId, streams);
    const output = streams.get(stream) ?? new OutputText(this.#redactor);
    streams.set(stream, output);
    return output;
  }

  #flush(stepId: string): void {
    for (const output of this.#streams.get(stepId)?.values() ?? []) this.#addOutput(stepId, output.flush());
  }

  #addOutput(stepId: string, text: string): void {
    if (text === "") return;
    this.#outputs.set(stepId, trimGrowing((this.#outputs.get(stepId) ?? "") + text));
    this.#onProgress({ type: "output", step: this.#names.get(stepId), text });
  }

  #followState(step: TracedStep): void {
    const state = stateOf(step);
    if (state === "failed") this.#failed ??= step;
    if (state === undefined || this.#states.get(step.id) === state) return;
    this.#states.set(step.id, state);
    const { startedAt, completedAt } = step;
    this.#onProgress({ type: "step", step: step.name, state, startedAt, completedAt });
  }

  #everything(): string {
    return [...this.#outputs.values()].join("");
  }
}

function stateOf(step: TracedStep): StepState | undefined {
  if (step.error !== undefined && step.error !== "")
    return step.error.endsWith("context canceled") ? undefined : "failed";
  if (step.cached) return "cached";
  if (step.completedAt !== undefined) return "done";
  return step.startedAt === undefined ? undefined : "started";
}

/** BuildKit gives a step's exit code in words only: `process "…" did not complete successfully: exit code: 4`. */
function exitCodeIn(message: string): number | undefined {
  const [, code] = /exit code: (\d+)$/.exec(message) ?? [];
  return code === undefined ? undefined : Number(code);
}
