import type { DockerImage } from "@otto/config";
import type { ContextSource } from "@otto/context";
import { parseSshMount } from "./ssh-agents.js";

/** The build inputs of a declared image. */
export function contextSource(image: DockerImage): ContextSource {
  return { ...image, ssh: image.ssh.map(parseSshMount) };
}
