import type { Algorithms } from "ssh2";
import { applyAlgorithmList, type KnownAlgorithms } from "../lists/algorithm-list.js";
import type { SshAlgorithms } from "../route/endpoint.js";

/** What ssh2 has of each kind that OpenSSH's configuration has lists of. */
export type Ssh2Algorithms = Readonly<Record<keyof SshAlgorithms, KnownAlgorithms>>;

const optionNames: Readonly<Record<keyof SshAlgorithms, string>> = {
  kex: "KexAlgorithms",
  ciphers: "Ciphers",
  macs: "MACs",
  hostKeys: "HostKeyAlgorithms",
  publicKeys: "PubkeyAcceptedAlgorithms",
};

/** A list that leaves ssh2 nothing of its kind. */
export interface ForeignList {
  readonly kind: keyof SshAlgorithms;
  /** As a configuration has it: `Ciphers …`. */
  readonly text: string;
}

/** The first list that leaves ssh2 nothing. */
export function findForeignList(lists: SshAlgorithms, known: Ssh2Algorithms): ForeignList | undefined {
  for (const kind of ["kex", "ciphers", "macs", "hostKeys", "publicKeys"] as const) {
    const list = lists[kind];
    if (list === undefined || applyAlgorithmList(list, known[kind]).length > 0) continue;
    return { kind, text: `${optionNames[kind]} ${list}` };
  }
  return undefined;
}

/** ssh2's `algorithms` of an endpoint's lists, without those for keys. An empty one would be ssh2's defaults: there is none here. */
export function planAlgorithms({ kex, ciphers, macs }: SshAlgorithms, known: Ssh2Algorithms): Algorithms {
  // Their types are of names that are known to be supported.
  return {
    ...(kex === undefined ? {} : { kex: applyAlgorithmList(kex, known.kex) }),
    ...(ciphers === undefined ? {} : { cipher: applyAlgorithmList(ciphers, known.ciphers) }),
    ...(macs === undefined ? {} : { hmac: applyAlgorithmList(macs, known.macs) }),
  } as Algorithms;
}
