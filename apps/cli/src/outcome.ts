import type { Session } from "./session.js";

/** How a command ended. */
export interface Outcome {
  readonly exitCode: number;
  /** Added to the `result` line of `--json`. */
  readonly fields?: Readonly<Record<string, unknown>>;
  /** To a person, after all else. */
  readonly summary?: string;
  /** Another process has written the `result` line. Default false. */
  readonly isReported?: boolean;
}

/** What a command line asks for. */
export type Action = (session: Session) => Promise<Outcome>;

/** Gets the action of the command that was found on the command line. */
export type Choose = (action: Action) => void;
