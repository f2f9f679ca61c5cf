import type { LockHolder } from "@otto/docker";

/** What holders call themselves, and who they are as the parent's kernel has it: only the first can be made up. */
export function wordsOfHolder({ who, uid, pid }: LockHolder): string {
  return uid === undefined ? who : `${who} (there: uid ${uid}, pid ${pid})`;
}
