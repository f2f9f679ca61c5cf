import type { DockerImage } from "@otto/config";
import { type ContextSource, contextHash as hashContext, type ReadContextOptions } from "@otto/context";

/** The build inputs of a declared image. */
export function contextSource(image: DockerImage): ContextSource {
  return { ...image, ssh: image.ssh.map((mount) => ({ id: mount.split("=", 1)[0] ?? mount })) };
}

/**
 * The digest of all of an image's build inputs, 64 hex digits.
 * @throws OttoError what `readContext` of `@otto/context` throws
 */
export function contextHash(image: DockerImage, options: ReadContextOptions = {}): Promise<string> {
  return hashContext(contextSource(image), options);
}
