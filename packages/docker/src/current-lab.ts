import { AsyncLocalStorage } from "node:async_hooks";
import { OttoError } from "@otto/errors";
import type { Lab } from "@otto/host-registry";

const current = new AsyncLocalStorage<Lab>();

/** Runs `body` with `lab` as the lab of calls that name none. */
export function withLab<T>(lab: Lab, body: () => T): T {
  return current.run(lab, body);
}

/** @throws OttoError `LAB_NOT_SET` outside of {@link withLab} */
export function currentLab(): Lab {
  const lab = current.getStore();
  if (lab !== undefined) return lab;
  throw new OttoError("LAB_NOT_SET", "looking for the current lab: there is none here", {
    hint: "Pass the lab, or call this within withLab(lab, …).",
  });
}
