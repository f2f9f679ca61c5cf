import type { LabFile } from "./lab-file.js";
import { localHost, localName } from "./local-lab.js";

/** A lab that may be asked for. */
export interface LabSummary {
  readonly name: string;
  readonly hosts: readonly string[];
  /** The files that declare its hosts; none for the built-in `local`. */
  readonly files: readonly string[];
}

/** The labs that files declare, by name, and the built-in `local` unless a file declares one of that name. */
export function labsOf(labFiles: readonly LabFile[]): Map<string, LabSummary> {
  const labs = new Map<string, { name: string; hosts: Set<string>; files: Set<string> }>();
  for (const { file, hosts } of labFiles) {
    for (const { host } of hosts) {
      for (const name of host.labs) {
        const lab = labs.get(name) ?? { name, hosts: new Set(), files: new Set() };
        labs.set(name, lab);
        lab.hosts.add(host.id);
        lab.files.add(file);
      }
    }
  }
  const summaries = new Map<string, LabSummary>();
  for (const { name, hosts, files } of labs.values())
    summaries.set(name, { name, hosts: [...hosts], files: [...files] });
  if (!summaries.has(localName)) summaries.set(localName, { name: localName, hosts: [localHost.id], files: [] });
  return summaries;
}

/** Whether a lab is the one that needs no file. */
export function isBuiltIn(lab: LabSummary | undefined): boolean {
  return lab?.files.length === 0;
}
