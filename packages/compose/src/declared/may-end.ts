import type { ComposeService } from "@otto/compose-files";

/**
 * Whether a container's end with 0 can be the end of its work. One that the engine starts again by itself never rests, and
 * what is asked for its health or by a port is a server: if such a one has exited, someone stopped it.
 */
export function mayEnd(service: ComposeService, restartPolicy: string): boolean {
  if (restartPolicy === "always" || restartPolicy === "unless-stopped") return false;
  return service.oneShot || !(service.hasHealthcheck || service.publishesPorts);
}
