import { abortable, cleanText, isOttoError, OttoError } from "@otto/errors";
import type { EngineRequest } from "./engine-request.js";

/** A refusal of the engine, as it is thrown by what sends requests. */
interface EngineHttpError extends Error {
  readonly statusCode: number;
  readonly json: unknown;
}

/**
 * Runs one engine request; a refusal becomes `ENGINE_REQUEST_FAILED` (with `details.status` and the engine's `details.reason`), anything that kept the
 * request from an answer `ENGINE_UNREACHABLE`. Errors of the dialler pass as they are; after an abort its reason is
 * thrown at once: node:http notices one only when it has a connection.
 * @param onLate takes an answer that came with the abort; one that is no stream of its own ends with its request
 */
export async function asking<T>(
  request: EngineRequest,
  doing: string,
  ask: () => Promise<T>,
  onLate?: (late: T) => void,
): Promise<T> {
  try {
    return await abortable(ask(), request.abort.abortSignal, onLate);
  } catch (error) {
    request.abort.abortSignal?.throwIfAborted();
    throw engineError(request, doing, error);
  }
}

function engineError({ engine, secrets = [], refusalHint }: EngineRequest, doing: string, error: unknown): unknown {
  if (isOttoError(error)) return error;
  if (isHttpError(error)) {
    const message = cleanText(messageOf(error), secrets);
    return new OttoError("ENGINE_REQUEST_FAILED", `${doing} on ${engine}: ${message}`, {
      hint: refusalHint?.(messageOf(error)),
      details: { engine, status: error.statusCode, reason: message },
      cause: secrets.length === 0 ? error : undefined,
    });
  }
  const reason = error instanceof Error ? error.message : String(error);
  return new OttoError(
    "ENGINE_UNREACHABLE",
    `${doing} on ${engine}: the engine does not answer (${cleanText(reason, secrets)})`,
    {
      hint: hintFor(error),
      details: { engine },
      cause: error,
    },
  );
}

/** Whether `error` is the engine's answer with this HTTP status. */
export function hasStatus(error: unknown, status: number): boolean {
  return isHttpError(error) && error.statusCode === status;
}

/** What the engine says of a request that it refused; "" for any other error. */
export function refusalOf(error: unknown): string {
  return isHttpError(error) ? messageOf(error) : "";
}

function isHttpError(error: unknown): error is EngineHttpError {
  return typeof error === "object" && error !== null && "statusCode" in error && typeof error.statusCode === "number";
}

function messageOf(error: EngineHttpError): string {
  const { json } = error;
  if (typeof json === "object" && json !== null && "message" in json) return String(json.message);
  if (Buffer.isBuffer(json) && json.length > 0) return json.toString();
  return `HTTP status ${error.statusCode}`;
}

function hintFor(error: unknown): string {
  const code = typeof error === "object" && error !== null && "code" in error ? error.code : undefined;
  if (code === "EACCES") return "Add the login user to the group `docker`, or set docker.command to use sudo.";
  return "Check that dockerd runs there: `docker version`.";
}
