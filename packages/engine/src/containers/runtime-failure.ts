/**
 * Whether the engine's words tell of a failure of the container runtime itself: its own process ended before the
 * container's program could begin. Of the program they say nothing. Words of runc 1.1.
 */
export function isRuntimeFailure(text: string): boolean {
  return /\binit-p\b|setns process/.test(text);
}
