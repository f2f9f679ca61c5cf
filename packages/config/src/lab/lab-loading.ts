import { nearestWord, OttoError } from "@otto/errors";
import type { Repo } from "../repo/repo.js";
import { checkHops } from "./hop-chain.js";
import { assignHandles } from "./host-identity.js";
import type { LabData, LabOrigin } from "./lab-data.js";
import type { DeclaredHost } from "./lab-host.js";
import { mergeSources } from "./lab-merge.js";
import { type LabPlaces, readSources, readUntrustedSources } from "./lab-sources.js";
import { isBuiltIn, type LabSummary, labsOf } from "./lab-summary.js";
import { localHost, localName } from "./local-lab.js";

export interface LoadLabOptions extends LabPlaces {
  /** Repos whose sources are read, in this order. */
  readonly repos: readonly Repo[];
  /** The lab's name; `a+b` merges two; `undefined`: the `local` lab. */
  readonly name: string | undefined;
}

/**
 * Reads a lab from the user's own lab file, where there is one, and the sources of the repos. A host that a later source declares again replaces the earlier one; the
 * `local` lab, unless a file declares one, holds this machine as `local` and reads no file.
 *
 * @throws `LAB_UNKNOWN`, `LAB_DUPLICATE_HOST`, `LAB_UNKNOWN_HOP`, `LAB_HOP_CYCLE`, and what reading a lab file throws:
 * `LAB_FILE_MISSING`, `LAB_FILE_UNREADABLE`, `LAB_SYNTAX`, `LAB_INVALID`; of a source that is a command `LAB_COMMAND_FAILED`, and
 * what `requireTrust` throws
 */
export async function loadLab(options: LoadLabOptions): Promise<LabData> {
  if (options.name === undefined) return toLab(localName, [localHost], []);
  const sources = await readSources(options.repos, options);
  const files = sources.flat();
  const known = labsOf(files);
  const names = splitName(options.name);
  for (const name of names) if (!known.has(name)) throw unknownLab(name, [...known.keys()]);
  const { hosts, notes } = mergeSources(sources, names);
  if (names.includes(localName) && isBuiltIn(known.get(localName))) hosts.set(localHost.id, localHost);
  checkHops(
    [...hosts.values()],
    files.flatMap((file) => file.hosts.map(({ host }) => host.id)),
  );
  const warnings = files.flatMap((file) => file.warnings);
  return {
    ...toLab(
      names.join("+"),
      [...hosts.values()],
      files.flatMap((file) => file.links),
    ),
    notes: [...files.flatMap((file) => file.notes), ...notes],
    ...(warnings.length > 0 && { warnings }),
  };
}

/**
 * The labs that the user's own lab file and the sources of the repos declare, by name, and the built-in `local`.
 *
 * @throws what reading a lab file throws: `LAB_FILE_MISSING`, `LAB_FILE_UNREADABLE`, `LAB_SYNTAX`, `LAB_INVALID`
 */
export async function listLabs(repos: readonly Repo[], places: LabPlaces): Promise<LabSummary[]> {
  const labs = labsOf((await readSources(repos, places)).flat());
  return [...labs.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** A lab file that its user may not have written, with the hosts it declares; or settings, with the commands that print labs. */
export interface RepoLab {
  readonly origin: LabOrigin;
  readonly hosts: readonly DeclaredHost[];
  readonly commands: readonly (readonly string[])[];
}

/**
 * The lab sources of the repos that need the user's trust before anything is sent to their hosts, and before their commands run.
 * None runs here.
 *
 * @throws as {@link listLabs}
 */
export async function readRepoLabs(
  repos: readonly Repo[],
  places: Pick<LabPlaces, "home" | "env">,
): Promise<RepoLab[]> {
  const sources = await readUntrustedSources(repos, places);
  return sources.map((source) => ({ ...source, hosts: source.hosts.map(({ host }) => host) }));
}

function splitName(name: string): string[] {
  const names = name.split("+").map((part) => part.trim());
  return [...new Set(names)];
}

function unknownLab(name: string, known: readonly string[]): OttoError {
  const near = nearestWord(name, known);
  const hint = near === undefined ? `Known labs: ${known.join(", ")}.` : `Did you mean "${near}"?`;
  return new OttoError("LAB_UNKNOWN", `loading the lab "${name}": no lab source of the repositories declares it`, {
    hint,
    details: { lab: name, known },
  });
}

function toLab(name: string, hosts: readonly DeclaredHost[], links: LabData["links"]): LabData {
  const handles = assignHandles(hosts);
  const withHandles = hosts.map((host) => ({ ...host, handle: handles.get(host.id) ?? host.id }));
  return { name, hosts: withHandles, links, notes: [] };
}
