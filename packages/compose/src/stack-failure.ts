import type { OttoError } from "@otto/errors";
import { chooseServices } from "./declared/service-choice.js";
import type { PlacedStack } from "./declared/stack.js";
import { createStackRedactor } from "./declared/stack-redactor.js";
import { findFailure } from "./execute/readiness.js";
import { openStackSession } from "./session/stack-session.js";

/**
 * Looks at a stack that came up: which of its chosen services have ended since, or fail their health check, otherwise than
 * declared. An end with 0 is as declared where `up` takes it for the end of a service's work, and so is what a restart policy
 * starts again.
 * @returns undefined: none. Else `COMPOSE_SERVICE_FAILED`, with the last log lines
 * @throws OttoError `COMPOSE_PROJECT_INVALID`, `COMPOSE_ENGINE_FAILED`, `COMPOSE_SESSION_LOST`, and what connecting throws
 */
export async function findStackFailure(stack: PlacedStack, signal?: AbortSignal): Promise<OttoError | undefined> {
  await using session = await openStackSession(stack, { who: undefined, signal });
  const { services } = chooseServices(stack, []).files;
  const judged = { services, stackServices: stack.files.services, before: [], allowsRestarts: true };
  return await findFailure({ session, redactor: createStackRedactor(stack) }, judged);
}
