export interface DialEngineOptions {
  /** Default `/var/run/docker.sock`. */
  readonly socketPath?: string | undefined;
  /** Used with `system dial-stdio` when the socket cannot be forwarded. Default `["docker"]`. */
  readonly dockerCommand?: readonly string[] | undefined;
  readonly signal?: AbortSignal | undefined;
}
