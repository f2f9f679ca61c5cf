import type { Algorithms } from "ssh2";
import type { SshAlgorithms, SshEndpoint } from "../route/endpoint.js";
import { connectError } from "../route/failure.js";
import { limitHostKeyAlgorithms, parseAlgorithmList } from "../transport/algorithm-list.js";
import type { HostKeyCheck } from "../transport/host-key-check.js";

export const algorithmKinds = ["kex", "ciphers", "macs"] as const;
export type AlgorithmKind = (typeof algorithmKinds)[number];

// What ssh2 1.17 knows.
const known: Readonly<Record<AlgorithmKind, { readonly option: string; readonly names: RegExp }>> = {
  kex: {
    option: "KexAlgorithms",
    names:
      /^(curve25519-sha256(@libssh\.org)?|ecdh-sha2-nistp(256|384|521)|diffie-hellman-group(-exchange-sha(1|256)|1-sha1|14-sha(1|256)|1[5678]-sha512))$/,
  },
  ciphers: {
    option: "Ciphers",
    names: /^(aes(128|256)-gcm(@openssh\.com)?|aes(128|192|256)-(ctr|cbc)|chacha20-poly1305@openssh\.com|3des-cbc)$/,
  },
  macs: {
    option: "MACs",
    names: /^(hmac-sha(1|2-256|2-512)(-etm@openssh\.com)?|hmac-sha(1|2-256|2-512)-96|hmac-md5(-96)?|hmac-ripemd160)$/,
  },
};

/** As OpenSSH's configuration calls it. */
export function optionOf(kind: AlgorithmKind): string {
  return known[kind].option;
}

/** Whether a list that is used in place of the default has no algorithm that ssh2 knows. */
export function knowsNoneOf(kind: AlgorithmKind, list: string | undefined): boolean {
  if (list === undefined) return false;
  const { change, names } = parseAlgorithmList(list);
  return change === "replace" && knownOf(kind, names).length === 0;
}

/**
 * What an endpoint's lists leave of what ssh2 knows.
 * @throws OttoError `SSH_CONNECT_FAILED` where that is nothing
 */
export function planAlgorithms(endpoint: SshEndpoint, hostKey: HostKeyCheck): Algorithms {
  const { algorithms = {} } = endpoint;
  const wanted = limitHostKeyAlgorithms(hostKey.algorithms, algorithms.hostKeys);
  const hostKeys = hostKey.algorithms.filter((name) => wanted.includes(name));
  if (hostKeys.length === 0) throw unknownError(endpoint, `HostKeyAlgorithms ${algorithms.hostKeys}`);
  for (const kind of algorithmKinds) {
    if (knowsNoneOf(kind, algorithms[kind])) throw unknownError(endpoint, `${optionOf(kind)} ${algorithms[kind]}`);
  }
  return { serverHostKey: hostKeys, ...planLists(algorithms) };
}

function planLists({ kex, ciphers, macs }: SshAlgorithms): Algorithms {
  return {
    ...(kex !== undefined && { kex: planList("kex", kex) }),
    ...(ciphers !== undefined && { cipher: planList("ciphers", ciphers) }),
    ...(macs !== undefined && { hmac: planList("macs", macs) }),
  } as Algorithms;
}

function planList(kind: AlgorithmKind, list: string) {
  const { change, names } = parseAlgorithmList(list);
  if (change === "remove") return { remove: names.map(toRegExp) };
  const ours = knownOf(kind, names);
  if (change === "append") return { append: ours };
  // What stands in the default already would keep its place.
  return change === "prepend" ? { remove: ours, prepend: ours } : ours;
}

function knownOf(kind: AlgorithmKind, names: readonly string[]): string[] {
  return names.filter((name) => known[kind].names.test(name));
}

function toRegExp(pattern: string): RegExp {
  const escaped = pattern.replaceAll(/[.+^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`^${escaped.replaceAll("*", ".*").replaceAll("?", ".")}$`);
}

function unknownError(endpoint: SshEndpoint, list: string) {
  return connectError(endpoint, "algorithms", new Error(`ssh2 knows none of ${list}`));
}
