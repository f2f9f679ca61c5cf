import { createHash } from "node:crypto";
import type { Manifest } from "@otto/remote-tree";
import type { Stack } from "../declared/stack.js";
import type { ServiceDigest } from "./service-digest.js";

/** Equal for all that compose makes the same of. */
export function digestKey({ project, files }: Stack, manifest: Manifest): string {
  const { commandFiles, envFiles, profiles, projectDirectory, environment } = files;
  const parts = [project, commandFiles, envFiles, profiles, projectDirectory, environment, manifest];
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex");
}

/** @returns undefined when the text is of other files, or not ours */
export function parseDigests(text: string, key: string): ReadonlyMap<string, ServiceDigest> | undefined {
  try {
    const cache = JSON.parse(text) as { key: string; digests: Record<string, ServiceDigest> };
    return cache.key === key ? new Map(Object.entries(cache.digests)) : undefined;
  } catch {
    return undefined;
  }
}

export function formatDigests(key: string, digests: ReadonlyMap<string, ServiceDigest>): string {
  return JSON.stringify({ key, digests: Object.fromEntries(digests) });
}
