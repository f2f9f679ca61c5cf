import { cleanText, type Secret } from "@otto/errors";
import { readFields } from "./wire.js";

/** A step of a build, as far as the engine has told. */
export interface TracedStep {
  /** The engine's digest of the step. */
  readonly id: string;
  /** `[2/3] RUN make`, … */
  readonly name: string;
  readonly cached: boolean;
  readonly started: boolean;
  readonly completed: boolean;
  readonly error: string | undefined;
}

export interface TracedLog {
  readonly stepId: string;
  readonly text: string;
}

export interface Trace {
  readonly steps: readonly TracedStep[];
  readonly logs: readonly TracedLog[];
}

/**
 * Decodes a `StatusResponse`, the engine's report on a running build.
 * @param redact values that are taken out of all text
 * @see https://github.com/moby/buildkit/blob/master/api/services/control/control.proto
 */
export function decodeTrace(message: Uint8Array, redact: readonly Secret[] = []): Trace {
  const steps: TracedStep[] = [];
  const logs: TracedLog[] = [];
  for (const field of readFields(message)) {
    if (!("bytes" in field)) continue;
    if (field.number === 1) steps.push(decodeStep(field.bytes, redact));
    if (field.number === 3) logs.push(decodeLog(field.bytes, redact));
  }
  return { steps, logs };
}

function decodeStep(message: Uint8Array, redact: readonly Secret[]): TracedStep {
  const fields = [...readFields(message)];
  const text = (number: number) => {
    const field = fields.find((candidate) => candidate.number === number);
    return field !== undefined && "bytes" in field ? cleanText(Buffer.from(field.bytes).toString(), redact) : undefined;
  };
  return {
    id: text(1) ?? "",
    name: text(3) ?? "",
    cached: fields.some((field) => field.number === 4 && "value" in field && field.value === 1n),
    started: text(5) !== undefined,
    completed: text(6) !== undefined,
    error: text(7),
  };
}

function decodeLog(message: Uint8Array, redact: readonly Secret[]): TracedLog {
  let stepId = "";
  let text = "";
  for (const field of readFields(message)) {
    if (!("bytes" in field)) continue;
    if (field.number === 1) stepId = Buffer.from(field.bytes).toString();
    if (field.number === 4) text = cleanText(Buffer.from(field.bytes).toString(), redact);
  }
  return { stepId, text };
}
