import type { ChannelAgent } from "./channel-agent.js";

/** How requests reach an engine. */
export interface EngineClient {
  readonly agent: ChannelAgent;
  /** The API version of all paths, as `1.43`; undefined: the engine's own. */
  readonly apiVersion: string | undefined;
  /** It reports pid 0 for each process that has ended, as Podman does. Default false. */
  readonly forgetsPids?: boolean;
}
