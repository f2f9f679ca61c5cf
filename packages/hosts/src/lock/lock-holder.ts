import { cleanText } from "@otto/errors";

/** Who holds a lock, and since when. */
export interface LockHolder {
  /** As they call themselves; `someone` where that cannot be seen. */
  readonly who: string;
  readonly since: Date;
  /** The user id that holds it, as the parent's kernel has it. Undefined: in this process, or hidden there. */
  readonly uid?: number | undefined;
  /** The process that holds it on the parent; root or that user can end it. */
  readonly pid?: number | undefined;
}

/** Reads what `tell_holder` prints after `waiting`. */
export function parseHolder(text: string): LockHolder {
  const [since = "", uid = "", pid = "", ...who] = text.split(" ");
  const holder = { who: cleanText(who.join(" ")), since: new Date(Number(since) * 1000) };
  return uid === "-" ? holder : { ...holder, uid: Number(uid), pid: Number(pid) };
}
