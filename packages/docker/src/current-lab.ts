import { AsyncLocalStorage } from "node:async_hooks";
import { OttoError } from "@otto/errors";
import type { Lab } from "@otto/host-registry";

// One for all copies of this package in a process: a module with a copy of its own sees the same lab.
const place = Symbol.for("otto.current-lab");
const shared = globalThis as { [place]?: AsyncLocalStorage<Lab> };
shared[place] ??= new AsyncLocalStorage<Lab>();
const current = shared[place];

/** Runs `body` with `lab` as the lab of calls that name none. */
export function withLab<T>(lab: Lab, body: () => T): T {
  return current.run(lab, body);
}

/** The current lab; undefined outside of {@link withLab}. */
export function findCurrentLab(): Lab | undefined {
  return current.getStore();
}

/** @throws OttoError `LAB_NOT_SET` outside of {@link withLab} */
export function currentLab(): Lab {
  const lab = current.getStore();
  if (lab !== undefined) return lab;
  throw new OttoError("LAB_NOT_SET", "looking for the current lab: there is none here", {
    hint: "Pass the lab, or call this within withLab(lab, …).",
  });
}
