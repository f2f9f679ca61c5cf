import { matchesList } from "../route/ssh-config-match.js";

/** A list of algorithms as OpenSSH's configuration has it. */
export interface AlgorithmList {
  /** What becomes of the algorithms that are used without it: they give way, some go, or others come before or after them. */
  readonly change: "replace" | "remove" | "prepend" | "append";
  /** With `remove`, patterns. */
  readonly names: readonly string[];
}

const changes = { "-": "remove", "^": "prepend", "+": "append" } as const;

/** @see ssh_config(5), Ciphers */
export function parseAlgorithmList(text: string): AlgorithmList {
  const [, sign = "", names = ""] = /^([-^+]?)(.*)$/s.exec(text) ?? [];
  return { change: changes[sign as keyof typeof changes] ?? "replace", names: names.split(",") };
}

/** Those of a host's keys that a list leaves, in the order they are best asked for, and those that it adds. */
export function limitHostKeyAlgorithms(ordered: readonly string[], text: string | undefined): readonly string[] {
  if (text === undefined) return ordered;
  const { change, names } = parseAlgorithmList(text);
  if (change === "remove") return ordered.filter((name) => !matchesList(names, name));
  // A certificate is asked for where an authority is on record.
  const others = names.filter((name) => !ordered.includes(name) && !name.includes("-cert-v01@"));
  if (change === "prepend") return [...others, ...ordered];
  return [...ordered.filter((name) => change === "append" || names.includes(name)), ...others];
}
