import { matchesList } from "../lists/patterns.js";
import { configError } from "./ssh-config-host.js";

/** What the conditions of `Host` and `Match` are about. */
export interface MatchedHost {
  /** As it was asked for. */
  readonly alias: string;
  /** As far as it is known at the line. */
  readonly host: string;
  readonly username: string;
  readonly localUsername: string;
}

/**
 * Whether all conditions of a `Match` hold.
 * @throws OttoError `SSH_CONFIG_INVALID` for a condition that cannot be judged without running something, where it decides
 */
export function matchesConditions(words: readonly string[], matched: MatchedHost): boolean {
  const judged = readConditions(words, matched.alias).map(({ name, isNegated, value }) => {
    const holds = judge(name, value, matched);
    return holds === undefined ? name : holds !== isNegated;
  });
  if (judged.includes(false)) return false;
  const unknown = judged.find((outcome) => outcome !== true);
  if (unknown === undefined) return true;
  throw configError(
    matched.alias,
    `Match ${unknown} can be judged by OpenSSH's client alone, which is not installed here`,
  );
}

interface Condition {
  readonly name: string;
  readonly isNegated: boolean;
  readonly value: string;
}

const withoutValue = ["all", "canonical", "final"];

function readConditions(words: readonly string[], alias: string): Condition[] {
  const conditions: Condition[] = [];
  const left = [...words];
  for (let next = left.shift(); next !== undefined; next = left.shift()) {
    const [, negation, name = "", given] = /^(!?)([^=]*)(?:=(.*))?$/s.exec(next) ?? [];
    const isBare = withoutValue.includes(name.toLowerCase());
    const value = isBare ? "" : (given ?? left.shift());
    if (value === undefined) throw configError(alias, `Match ${name} has no value`);
    conditions.push({ name: name.toLowerCase(), isNegated: negation === "!", value });
  }
  return conditions;
}

function judge(
  name: string,
  value: string,
  { alias, host, username, localUsername }: MatchedHost,
): boolean | undefined {
  const list = value.split(",");
  switch (name) {
    case "all":
      return true;
    // Names are not made canonical here: an option that asks for it is refused.
    case "canonical":
      return false;
    case "host":
      return matchesList(list.map(lower), host.toLowerCase());
    case "originalhost":
      return matchesList(list.map(lower), alias.toLowerCase());
    case "user":
      return matchesList(list, username);
    case "localuser":
      return matchesList(list, localUsername);
    default:
      return undefined;
  }
}

function lower(text: string): string {
  return text.toLowerCase();
}
