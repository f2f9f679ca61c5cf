import { abortable, cleanText, isOttoError, OttoError, type Secret } from "@otto/errors";
import { EngineRefusal } from "./engine-answer.js";

/** What is being done, for the error that it may end in. */
export interface EngineCall {
  /** As `listing containers`. */
  readonly doing: string;
  readonly signal: AbortSignal | undefined;
  /** Sent along; an error must not show them, whatever the engine answers. Default: none. */
  readonly secrets?: readonly Secret[] | undefined;
  /** What to do about a refusal, by the engine's words. Default: nothing is said. */
  readonly refusalHint?: ((words: string) => string | undefined) | undefined;
}

/**
 * Runs one call of an engine; a refusal becomes `ENGINE_REQUEST_FAILED` (with `details.status` and the engine's
 * `details.reason`), anything that kept the message from an answer `ENGINE_UNREACHABLE`. Errors of the dialler pass as they
 * are; after an abort its reason is thrown at once: node:http notices one only when it has a connection.
 * @param engine its name
 * @param onLate takes an answer that came with the abort; one that is no stream of its own ends with its message
 */
export async function callEngine<T>(
  { name: engine }: { readonly name: string },
  call: EngineCall,
  ask: () => Promise<T>,
  onLate?: (late: T) => void,
): Promise<T> {
  try {
    return await abortable(ask(), call.signal, onLate);
  } catch (error) {
    call.signal?.throwIfAborted();
    throw engineError(engine, call, error);
  }
}

function engineError(engine: string, { doing, secrets = [], refusalHint }: EngineCall, error: unknown): unknown {
  if (isOttoError(error)) return error;
  if (error instanceof EngineRefusal) {
    const reason = cleanText(error.reason, secrets);
    return new OttoError("ENGINE_REQUEST_FAILED", `${doing} on ${engine}: ${reason}`, {
      hint: refusalHint?.(error.reason),
      details: { engine, status: error.status, reason },
      cause: secrets.length === 0 ? error : undefined,
    });
  }
  const reason = cleanText(error instanceof Error ? error.message : String(error), secrets);
  return new OttoError("ENGINE_UNREACHABLE", `${doing} on ${engine}: the engine does not answer (${reason})`, {
    hint: hintFor(error),
    details: { engine },
    cause: error,
  });
}

/** Whether `error` is the engine's answer with this HTTP status. */
export function hasStatus(error: unknown, status: number): boolean {
  return error instanceof EngineRefusal && error.status === status;
}

function hintFor(error: unknown): string {
  const code = typeof error === "object" && error !== null && "code" in error ? error.code : undefined;
  if (code === "EACCES") return "Add the login user to the group `docker`, or set docker.command to use sudo.";
  return "Check that dockerd runs there: `docker version`.";
}
