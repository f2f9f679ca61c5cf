import { setMaxListeners } from "node:events";
import { anySignal } from "@otto/errors";

/** The same signal for many calls at once: of one with more than ten listeners, Node warns. */
export function shareSignal(signal: AbortSignal | undefined): AbortSignal | undefined {
  if (signal === undefined) return undefined;
  const shared = anySignal(new AbortController().signal, signal);
  setMaxListeners(0, shared);
  return shared;
}
