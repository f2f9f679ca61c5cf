import type { DockerImage } from "@otto/config";
import type { ContextSource } from "@otto/context";

/** The build inputs of a declared image. */
export function contextSource(image: DockerImage): ContextSource {
  return { ...image, ssh: image.ssh.map((mount) => ({ id: mount.split("=", 1)[0] ?? mount })) };
}
