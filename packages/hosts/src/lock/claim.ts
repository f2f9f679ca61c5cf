import { cleanText, OttoError } from "@otto/errors";

/** Somebody's exclusive use of a parent. */
export interface Reservation {
  /** As they call themselves: `ada@desk`. */
  readonly owner: string;
  /** The user id that holds it, as the parent's kernel has it. */
  readonly uid: number;
  /** Of one that still waits: since it does. */
  readonly since: Date;
  /** When it ends, by the clock of this machine. Undefined: with the process that holds it. */
  readonly until: Date | undefined;
}

/** Whose a reservation is, for who works: `ada@desk` of `ada@desk (process 4711)`. */
export function ownerOf(who: string): string {
  return who.replace(/ \(process .*$/s, "");
}

/** Reads what `print_claim` prints. Times count from the parent's, which may not be that of this machine. */
export function parseClaim(text: string, now: number = Date.now()): Reservation {
  const [there = "", uid = "", since = "", until = "", ...owner] = text.split(" ");
  const here = (seconds: string) => new Date(now + secondsOf(seconds, secondsOf(there, 0)) - secondsOf(there, 0));
  return {
    owner: cleanText(owner.join(" ")) || "someone",
    uid: Number(uid),
    since: here(since),
    until: until === "-" ? undefined : here(until),
  };
}

/** Milliseconds of what is hostile until it is checked. */
function secondsOf(text: string, otherwise: number): number {
  return /^\d{1,11}$/.test(text) ? Number(text) * 1000 : otherwise;
}

/** When a reservation ends, for a person. */
export function formatEnd({ until }: Pick<Reservation, "until">): string {
  if (until === undefined) return "as long as its client runs";
  return `until ${until.toISOString().slice(0, 19).replace("T", " ")} UTC`;
}

/** What a command on a parent that somebody else has reserved fails with: `HOST_RESERVED`. */
export function refusal(parent: { readonly id: string }, reservation: Reservation): OttoError {
  const { owner, uid, since, until } = reservation;
  const [host, end] = [parent.id, formatEnd(reservation)];
  return new OttoError("HOST_RESERVED", `${host} is reserved by ${owner} (there: uid ${uid}) ${end}`, {
    hint: `Get in line: otto lab reserve ${host} --wait. To end it, which ${host} notes in its log: otto lab release ${host} --break`,
    details: { host, owner, uid, since: since.toISOString(), ...(until && { until: until.toISOString() }) },
  });
}
