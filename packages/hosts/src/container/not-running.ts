import { OttoError } from "@otto/errors";

/** There is no container to work with. */
export function notRunning(host: string, service: string): OttoError {
  return new OttoError("HOST_NOT_RUNNING", `${host}: no container of the service ${service} runs`, {
    hint: "Bring the stack up: otto docker up",
    details: { host },
  });
}
