import { createHash, scrypt } from "node:crypto";
import { promisify } from "node:util";
import type { ContentKind, NewContent } from "@otto/engine";
import type { Secret } from "@otto/errors";

/** The label of what a stack has made. */
export const stackLabel = "com.docker.stack.namespace";

/** A config or secret of which the bytes are known. */
export interface LoadedContent {
  readonly kind: ContentKind;
  /** Its key in the files. */
  readonly key: string;
  readonly data: Secret;
}

/** One that has its name in the swarm. */
export interface NamedContent extends NewContent {
  readonly kind: ContentKind;
  readonly key: string;
}

/** The longest that a swarm allows. */
const longestName = 64;
const digestDigits = 16;

/** 32 MiB and some 60 ms for each try. */
const work = { N: 1 << 15, r: 8, p: 1, maxmem: 64 << 20 } as const;

const derive = promisify(scrypt) as (
  data: Uint8Array,
  salt: string,
  length: number,
  options: typeof work,
) => Promise<Buffer>;

/**
 * Names a content `<project>_<key>_<digest>`: other bytes have another name, so that tasks are given them by a roll-out. Of a
 * secret, the digest tells nothing for which not much work was done first, and it differs from swarm to swarm: a short password
 * can't be looked up by the name.
 * @param clusterId of the swarm
 */
export async function nameContent(
  { kind, key, data }: LoadedContent,
  { project, clusterId }: { readonly project: string; readonly clusterId: string },
): Promise<NamedContent> {
  const bytes = data.revealBytes();
  const salt = `otto ${clusterId} ${project} ${key}`;
  const digest =
    kind === "secret"
      ? (await derive(bytes, salt, digestDigits / 2, work)).toString("hex")
      : createHash("sha256").update(bytes).digest("hex").slice(0, digestDigits);
  const labels = { [stackLabel]: project };
  return { kind, key, data, labels, name: fitName(`${project}_${key}`, digest) };
}

/** What is too long for a name is shortened, and told apart by its own digest. */
function fitName(name: string, digest: string): string {
  const whole = `${name}_${digest}`;
  if (whole.length <= longestName) return whole;
  const mark = createHash("sha256").update(name).digest("hex").slice(0, 8);
  return `${name.slice(0, longestName - digest.length - mark.length - 2)}_${mark}_${digest}`;
}
