import type { PhaseListener } from "@otto/compose";
import type { Lab } from "@otto/host-registry";

interface Listening<Event> {
  readonly onEvent: ((event: Event) => void) | undefined;
  readonly onPhase: PhaseListener | undefined;
}

/** Lets who listens to the lab hear what a call tells its own listener. */
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
