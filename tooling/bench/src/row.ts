import type { LinkName, Route } from "./link.js";
import type { Measured } from "./measured.js";
import type { SshClients } from "./ssh-client.js";
import type { Subject } from "./subject.js";

/** One row of an area: the same work by otto and by what people would use instead. */
export interface Row {
  /** Unique in its area, apart from the link. */
  readonly what: string;
  /** Absent: nothing goes over a link. */
  readonly link?: LinkName;
  /** How much a round costs: `heavy` rows run half as many, `far` ones one in five. Default `light`. */
  readonly cost?: Cost;
  /** Moves so many bytes that the counting proxy would be what is measured: bytes are counted in a round of its own. */
  readonly bulk?: boolean;
  /** Shows how many files were open, too. Default false. */
  readonly showsFiles?: boolean;
  ours(subject: Subject): Contender;
  readonly theirs: readonly Contender[];
  /** Removes what no later row needs. */
  done?(): void;
}

export type Cost = "light" | "heavy" | "far";

/** One way to do the work of a row. */
export interface Contender<Output = unknown> {
  readonly name: string;
  /** Prepares what the round needs. Not timed. */
  prepare?(round: Round): unknown;
  readonly run: (round: Round) => Promise<Measured<Output>>;
  /** Throws if the work was not done. Not timed. */
  check(output: Output, round: Round): unknown;
}

export interface Round {
  /** From 0, different in each round of a row. */
  readonly index: number;
  /** @throws Error in a row without a link */
  readonly route: Route;
}

export interface Area {
  readonly name: string;
  readonly title: string;
  /** What is compared, and how it is done, in a paragraph. */
  readonly about: string;
  /** Whether its rows go over links. Default false: then `links` is empty and `ssh` knows no host. */
  readonly usesLinks?: boolean;
  /** Lays what the rows need; disposing removes what is not in `directory`. */
  open(bench: Bench): Promise<AreaRows>;
}

export interface AreaRows extends Partial<AsyncDisposable> {
  readonly rows: readonly Row[];
}

/** What areas are given. */
export interface Bench {
  readonly otto: Subject;
  /** otto, and the checkout that it is compared with. */
  readonly subjects: readonly Subject[];
  readonly links: ReadonlyMap<LinkName, readonly Route[]>;
  readonly directory: string;
  /** Factor for the numbers of files and bytes. Default 1. */
  readonly scale: number;
  readonly services: readonly number[];
  /** Programs that know the hosts of the links. */
  readonly ssh: SshClients;
}
