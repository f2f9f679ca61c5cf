import { stat } from "node:fs/promises";
import { isAbsolute, join } from "node:path";
import type { LabSource, Repo } from "../repo/repo.js";
import { type LabFile, labFileOf, readLabFile } from "./lab-file.js";

/** Where the user's own files lie. */
export interface LabPlaces {
  /** Absolute path of the user's home, for `~`. */
  readonly home: string;
  /** `XDG_CONFIG_HOME` is where the user's own lab file lies. Default: none is set, and it is `~/.config`. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
}

/** The user's own lab file, which each lab is read from before those of the repos: `~/.config/otto/lab.json`. */
export function userLabFile({ home, env = {} }: LabPlaces): string {
  const base = env.XDG_CONFIG_HOME;
  return join(base && isAbsolute(base) ? base : join(home, ".config"), "otto", "lab.json");
}

/** The files of each source, in order; a file that two sources name counts for the first. */
export async function readSources(repos: readonly Repo[], places: LabPlaces): Promise<LabFile[][]> {
  const seen = new Set<string>();
  const reading = { roots: repos.map(({ root }) => root), home: places.home };
  const sources: LabFile[][] = [];
  for (const { source, settingsFile } of [...(await ownSource(places)), ...repos.flatMap(sourcesOf)]) {
    const files: LabFile[] = [];
    for (const path of source.paths) {
      const file = await labFileOf(path, settingsFile);
      if (seen.has(file)) continue;
      seen.add(file);
      files.push(await readLabFile(file, settingsFile, reading));
    }
    sources.push(files);
  }
  return sources;
}

interface NamedSource {
  readonly source: LabSource;
  readonly settingsFile: string;
}

async function ownSource(places: LabPlaces): Promise<NamedSource[]> {
  const file = userLabFile(places);
  const isThere = (await stat(file).catch(() => undefined)) !== undefined;
  return isThere ? [{ source: { backend: "json", paths: [file] }, settingsFile: file }] : [];
}

function sourcesOf(repo: Repo): NamedSource[] {
  return repo.labSources.map((source) => ({ source, settingsFile: repo.settingsFile }));
}
