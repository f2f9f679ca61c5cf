import type { Engine } from "@otto/engine";
import type { Lifelines } from "./watchdog-pool.js";

/** Where a command runs: `hasShell` says whether the image has `/bin/sh`. */
export interface ExecTarget {
  readonly engine: Engine;
  readonly container: string;
  readonly hasShell: boolean;
  readonly lifelines: Lifelines;
  /** For messages. */
  readonly host: string;
}
