/** What a call on a stack does, one after the other. */
export type StackPhaseName =
  /** It connects and waits for the stack's lock. */
  | "lock"
  | "observe"
  /** Compose reads the files, and the plan is made. */
  | "plan"
  | "send files"
  | "pull"
  /** Compose, or the engine, does what the plan says. */
  | "apply"
  /** Until each service is up. */
  | "wait"
  | "take down"
  | "end";

/** A call begins something; what it did before is over. With `end`, the call is. */
export interface StackPhase {
  readonly type: "compose.phase";
  readonly project: string;
  readonly phase: StackPhaseName;
}

export type PhaseListener = (phase: StackPhase) => void;
