import { OttoError } from "@otto/errors";
import type { LabData } from "./lab/lab-data.js";
import type { DockerCompose, Repo } from "./repo/repo.js";

/** Where a call wants stacks and images, as `--on` says it. */
export interface OnChoice {
  /** For all entries of `[[docker.composes]]`; `all`: every docker-capable host. Undefined: where the settings say. */
  readonly everywhere: readonly string[] | "all" | undefined;
  /** For the entries with this name or role. */
  readonly named: ReadonlyMap<string, readonly string[]>;
}

/**
 * Reads `HOST`, `all` and `NAME=HOST`, separated by commas. A `NAME` may come again, for more hosts.
 * @throws OttoError `LAB_ON_INVALID`
 */
export function parseOn(on: string | undefined): OnChoice {
  const pairs = on === undefined ? [] : on.split(",").map((word) => splitWord(word.trim(), on));
  const hosts = pairs.flatMap(([name, host]) => (name === undefined ? [host] : []));
  const named = new Map<string, string[]>();
  for (const [name, host] of pairs) if (name !== undefined) named.set(name, [...(named.get(name) ?? []), host]);
  if (hosts.length === 0) return { everywhere: undefined, named };
  return { everywhere: hosts.includes("all") ? "all" : hosts, named };
}

/** The hosts that a choice names for an entry; none: it says nothing of this one. */
export function hostsNamedFor({ name, role }: DockerCompose, { named }: OnChoice): readonly string[] {
  return [...new Set([name, role])].flatMap((label) => (label === undefined ? [] : (named.get(label) ?? [])));
}

/**
 * The hosts that `on` names, as they are named, for what is done on hosts whatever belongs there. `all`, and no choice, are the
 * docker-capable hosts of the lab.
 * @throws OttoError `LAB_ON_INVALID`
 */
export function listOnHosts(repos: readonly Repo[], lab: LabData, on: string | undefined): readonly string[] {
  const choice = parseOn(on);
  checkOnNames(repos, choice);
  const named = [...choice.named.values()].flat();
  const { everywhere = named.length === 0 ? "all" : [] } = choice;
  const capable = lab.hosts.filter(({ dockerCapable }) => dockerCapable).map(({ id }) => id);
  return [...new Set([...(everywhere === "all" ? capable : everywhere), ...named])];
}

/**
 * Refuses names that no entry of the repos has.
 * @throws OttoError `LAB_ON_INVALID`
 */
export function checkOnNames(repos: readonly Repo[], { named }: OnChoice): void {
  const labels = repos.flatMap(({ docker }) =>
    docker.composes.flatMap(({ name, role }) => [name ?? [], role ?? []].flat()),
  );
  const known = [...new Set(labels)];
  const unknown = [...named.keys()].find((name) => !known.includes(name));
  if (unknown === undefined) return;
  const hint =
    known.length === 0
      ? "Give an entry a name or a role in the settings."
      : `Names and roles there are: ${known.join(", ")}.`;
  throw new OttoError(
    "LAB_ON_INVALID",
    `choosing a parent with ${unknown}=…: no entry of [[docker.composes]] has this name or role`,
    { hint, details: { name: unknown, known } },
  );
}

/** `ssh://…` is a host, whatever is in it. */
function splitWord(word: string, on: string): readonly [string | undefined, string] {
  const at = word.startsWith("ssh://") ? -1 : word.indexOf("=");
  const [name, host] = at === -1 ? [undefined, word] : [word.slice(0, at), word.slice(at + 1)];
  if (name !== "" && host !== "") return [name, host];
  throw new OttoError("LAB_ON_INVALID", `choosing a parent with "${on}": a word of it is empty`, {
    hint: "Give HOST, all, or NAME=HOST for the entries of [[docker.composes]] with this name or role; more after commas.",
    details: { on },
  });
}
