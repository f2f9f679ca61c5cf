/** What a host may be without. */
export type Capability =
  | "commands"
  | "a shell"
  | "files that are replaced in one step"
  | "a login without a terminal of its own";

/** Why a host is without something, and the error with which it refuses that. */
export interface Lack {
  readonly reason: string;
  readonly error: object;
}

export type Lacks = Readonly<Partial<Record<Capability, Lack>>>;
