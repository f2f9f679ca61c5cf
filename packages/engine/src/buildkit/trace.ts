import { cleanText, type Redactor } from "@otto/errors";
import { readFields } from "./wire.js";

/** A step of a build, as far as the engine has told. */
export interface TracedStep {
  /** The engine's digest of the step. */
  readonly id: string;
  /** `[2/3] RUN make`, … */
  readonly name: string;
  readonly cached: boolean;
  /** By the engine's clock, in milliseconds since 1970. */
  readonly startedAt: number | undefined;
  readonly completedAt: number | undefined;
  readonly error: string | undefined;
}

/** A part of a step's output, as it came: it may end within a line, or a letter. */
export interface TracedLog {
  readonly stepId: string;
  /** 1: stdout, 2: stderr. */
  readonly stream: number;
  readonly bytes: Uint8Array;
}

export interface Trace {
  readonly steps: readonly TracedStep[];
  readonly logs: readonly TracedLog[];
}

/**
 * Decodes a `StatusResponse`, the engine's report on a running build.
 * @param redactor of the steps' names and errors
 * @see https://github.com/moby/buildkit/blob/master/api/services/control/control.proto
 */
export function decodeTrace(message: Uint8Array, redactor: Redactor): Trace {
  const steps: TracedStep[] = [];
  const logs: TracedLog[] = [];
  for (const field of readFields(message)) {
    if (!("bytes" in field)) continue;
    if (field.number === 1) steps.push(decodeStep(field.bytes, redactor));
    if (field.number === 3) logs.push(decodeLog(field.bytes));
  }
  return { steps, logs };
}

function decodeStep(message: Uint8Array, redactor: Redactor): TracedStep {
  const fields = [...readFields(message)];
  const text = (number: number) => {
    const field = fields.find((candidate) => candidate.number === number);
    return field !== undefined && "bytes" in field ? Buffer.from(field.bytes).toString() : undefined;
  };
  const time = (number: number) => {
    const field = fields.find((candidate) => candidate.number === number);
    return field !== undefined && "bytes" in field ? decodeTime(field.bytes) : undefined;
  };
  const error = text(7);
  return {
    id: text(1) ?? "",
    name: cleanText(text(3) ?? "", redactor),
    cached: fields.some((field) => field.number === 4 && "value" in field && field.value === 1n),
    startedAt: time(5),
    completedAt: time(6),
    error: error === undefined ? undefined : cleanText(error, redactor),
  };
}

/** A `google.protobuf.Timestamp`. */
function decodeTime(message: Uint8Array): number {
  let [seconds, nanos] = [0, 0];
  for (const field of readFields(message)) {
    if (field.number === 1 && "value" in field) seconds = Number(field.value);
    if (field.number === 2 && "value" in field) nanos = Number(field.value);
  }
  return seconds * 1000 + nanos / 1e6;
}

function decodeLog(message: Uint8Array): TracedLog {
  let [stepId, stream] = ["", 0];
  let bytes: Uint8Array = new Uint8Array();
  for (const field of readFields(message)) {
    if (field.number === 1 && "bytes" in field) stepId = Buffer.from(field.bytes).toString();
    if (field.number === 3 && "value" in field) stream = Number(field.value);
    if (field.number === 4 && "bytes" in field) bytes = field.bytes;
  }
  return { stepId, stream, bytes };
}
