import type { Lacks } from "./capability.js";
import type { Host } from "./host.js";

/** What the tests of a host get. */
export interface HostTests {
  readonly host: () => Host;
  /** Of this machine; the host sees it under the same path. It has a file `no-program`, which may not be run. */
  readonly directory: () => string;
  readonly lacks: Lacks;
  /** The server closes a call's outputs when its command ends, whatever that leaves running. */
  readonly endsWithCommand: boolean;
}
