import type { LabSource, Repo } from "../repo/repo.js";
import { type LabFile, labFileOf, readLabFile } from "./lab-file.js";

/** The files of each source, in order; a file that two sources name counts for the first. */
export async function readSources(repos: readonly Repo[], home: string): Promise<LabFile[][]> {
  const seen = new Set<string>();
  const reading = { roots: repos.map(({ root }) => root), home };
  const sources: LabFile[][] = [];
  for (const { source, settingsFile } of repos.flatMap(sourcesOf)) {
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

function sourcesOf(repo: Repo): { readonly source: LabSource; readonly settingsFile: string }[] {
  return repo.labSources.map((source) => ({ source, settingsFile: repo.settingsFile }));
}
