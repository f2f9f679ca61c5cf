import type { PhaseListener } from "@otto/compose";
import type { Lab } from "@otto/host-registry";

interface Listening<Event> {
  readonly onEvent: ((event: Event) => void) | undefined;
  readonly onPhase: PhaseListener | undefined;
}

/** Passes a call's events to the lab's `onActivity`, too. */
export function withActivity<Event extends { readonly type: string }>(
  lab: Lab,
  onEvent: ((event: Event) => void) | undefined,
): Listening<Event> {
  const { onActivity } = lab;
  if (onActivity === undefined) return { onEvent, onPhase: undefined };
  return {
    onEvent: (event) => {
      onActivity(event);
      onEvent?.(event);
    },
    onPhase: onActivity,
  };
}
