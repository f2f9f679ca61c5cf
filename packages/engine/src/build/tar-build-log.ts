import { cleanText, createRedactor, type Json, OutputText, type Redactor } from "@otto/errors";
import { textField } from "../connection/json-lines.js";
import { type BuildFailure, trimGrowing } from "./build-failure.js";
import type { BuildProgress } from "./build-options.js";

type StepState = Extract<BuildProgress, { type: "step" }>["state"];

const longestLine = 64 * 1024;

/** Follows what a builder without BuildKit says, line by line: tells each step and its output. */
export class TarBuildLog {
  readonly #onProgress: (progress: BuildProgress) => void;
  readonly #redactor: Redactor;
  readonly #text: OutputText;
  #unfinished = "";
  #step: string | undefined;
  #isCached = false;
  #output = "";

  constructor(onProgress: (progress: BuildProgress) => void, redactor: Redactor = createRedactor([])) {
    this.#onProgress = onProgress;
    this.#redactor = redactor;
    this.#text = new OutputText(redactor);
  }

  follow(message: Json): void {
    this.#followText(this.#text.write(textField(message, "stream") ?? ""));
  }

  /** The build is over, and well. */
  end(): void {
    this.#followText(`${this.#text.flush()}\n`);
    this.#endStep("done");
  }

  failure(message: Json): BuildFailure {
    this.#followText(`${this.#text.flush()}\n`);
    const words = cleanText(textField(message, "error") ?? "", this.#redactor).trim();
    const step = this.#step;
    this.#endStep("failed");
    return { message: words, step, output: this.#output, exitCode: exitCodeIn(words) };
  }

  #followText(text: string): void {
    const lines = `${this.#unfinished}${text}`.split("\n");
    // A line that goes on for ever is told in pieces.
    this.#unfinished = (lines.at(-1) ?? "").length < longestLine ? (lines.pop() ?? "") : "";
    for (const line of lines) this.#followLine(line);
  }

  #followLine(line: string): void {
    const said = readBuilderLine(line);
    if (said.kind === "step") this.#startStep(said.step);
    if (said.kind === "cached") this.#isCached = true;
    if (said.kind !== "output" || line === "") return;
    this.#output = trimGrowing(`${this.#output}${line}\n`);
    this.#onProgress({ type: "output", step: this.#step, text: `${line}\n` });
  }

  #startStep(step: string): void {
    this.#endStep("done");
    this.#step = step;
    this.#tell("started");
  }

  #endStep(state: "done" | "failed"): void {
    if (this.#step !== undefined) this.#tell(state === "done" && this.#isCached ? "cached" : state);
    this.#isCached = false;
    if (state === "done") this.#output = "";
    this.#step = undefined;
  }

  #tell(state: StepState): void {
    if (this.#step !== undefined) this.#onProgress({ type: "step", step: this.#step, state });
  }
}

/** A line of a builder. */
export type BuilderLine =
  | { readonly kind: "step"; readonly step: string }
  | { readonly kind: "cached" }
  | { readonly kind: "output" }
  /** Nothing that anyone wants to know. */
  | { readonly kind: "remark" };

/** Docker's own builder (20.10, 26.1) and Podman's (4.3, 5.4) have no other form than text for what they do. */
export function readBuilderLine(line: string): BuilderLine {
  const [, stage, place, instruction] = /^(?:\[(\d+)\/\d+\] )?(?:Step|STEP) (\d+\/\d+) ?: (.+)$/.exec(line) ?? [];
  if (place !== undefined) {
    const prefix = stage === undefined ? "" : `stage-${Number(stage) - 1} `;
    return { kind: "step", step: `[${prefix}${place}] ${instruction}` };
  }
  if (/^ ?-{2,3}> Using cache/.test(line)) return { kind: "cached" };
  const isRemark = /^ ?-{2,3}> ((Running in |Removed intermediate container )?[0-9a-f]{11,64})?$/.test(line);
  return { kind: isRemark ? "remark" : "output" };
}

/** `… returned a non-zero code: 4` (Docker), `… while running runtime: exit status 4` (Podman). */
function exitCodeIn(message: string): number | undefined {
  const [, code] = /(?:non-zero code: |exit status )(\d+)$/.exec(message) ?? [];
  return code === undefined ? undefined : Number(code);
}
