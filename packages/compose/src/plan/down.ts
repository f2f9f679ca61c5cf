import { cleanText, OttoError } from "@otto/errors";
import { checkProjectName } from "@otto/hashing";
import type { Parent } from "@otto/hosts";
import {
  findKept,
  ownDirectory,
  parseSentTree,
  type RemoteShell,
  readSentScript,
  stagedDirectoryScript,
} from "@otto/remote-tree";
import { dockerWords, projectFilter } from "../observed/observed-stack.js";
import { openStackSession } from "../session/stack-session.js";

/** One thing that `down` removes, or leaves. */
export interface DownStep {
  /** `keep`: of `data` without `volumes`. */
  readonly do: "remove" | "keep";
  /** `files`: those that were sent. `data`: what containers wrote into bind mounts. */
  readonly kind: "container" | "network" | "volume" | "files" | "data";
  /** Of `files` and `data`: the staged tree's directory on the parent. */
  readonly name: string;
  /** Of `data`: how many files. */
  readonly files?: number | undefined;
}

/**
 * What `takeDown` would remove. Changes nothing.
 * @throws OttoError `COMPOSE_PROJECT_INVALID`, `COMPOSE_DOWN_FAILED` when the parent's engine cannot be asked, and what connecting throws
 */
export async function previewDown(
  parent: Parent,
  project: string,
  options: { readonly volumes: boolean; readonly signal?: AbortSignal | undefined },
): Promise<DownStep[]> {
  checkProjectName(project);
  await using session = await openStackSession(parent, { project: undefined, who: "", signal: options.signal });
  const { exitCode, output } = await session.run(listScript(parent, project, options.volumes));
  if (exitCode === 0) return [...parseSteps(output), ...(await planFiles(session, parent, output, options.volumes))];
  const said = cleanText(output).trim();
  throw new OttoError("COMPOSE_DOWN_FAILED", `looking for what is left of ${project} on ${parent.id}: ${said}`, {
    details: { host: parent.id, project, output: said },
  });
}

const kinds: readonly DownStep["kind"][] = ["container", "network", "volume"];
const separator = "\u001e";

function listScript(parent: Parent, project: string, withVolumes: boolean): string {
  const docker = dockerWords(parent);
  const filter = projectFilter(project);
  return `${stagedDirectoryScript(project, parent.docker.stagingRoot)}
{ ${docker} container ls --all ${filter} --format 'container {{.Names}}' &&
${docker} network ls ${filter} --format 'network {{.Name}}'${withVolumes ? " &&" : ""}
${withVolumes ? `${docker} volume ls ${filter} --format 'volume {{.Name}}'` : ""}
} 2>&1 || exit 1
[ -e "$dir/${ownDirectory}/manifest" ] || exit 0
printf '\\036%s\\036' "$dir"
${readSentScript("printf '\\036'")}`;
}

async function planFiles(shell: RemoteShell, parent: Parent, output: string, volumes: boolean): Promise<DownStep[]> {
  const [, remoteDir, manifest = "", down = ""] = output.split(separator);
  if (remoteDir === undefined) return [];
  const sent = parseSentTree(manifest, down);
  const kept = await findKept({ shell, remoteDir, host: parent.id }, sent);
  // After a `down` only what containers wrote is there.
  const steps: DownStep[] = down === "" || kept === undefined ? [{ do: "remove", kind: "files", name: remoteDir }] : [];
  if (kept === undefined) return steps;
  return [...steps, { do: volumes ? "remove" : "keep", kind: "data", name: remoteDir, files: kept.files }];
}

function parseSteps(output: string): DownStep[] {
  const [list = ""] = output.split(separator);
  const steps = list.split("\n").flatMap((line): DownStep[] => {
    const kind = kinds.find((one) => line.startsWith(`${one} `));
    return kind === undefined ? [] : [{ do: "remove", kind, name: line.slice(kind.length + 1) }];
  });
  return steps.sort((a, b) => kinds.indexOf(a.kind) - kinds.indexOf(b.kind) || (a.name < b.name ? -1 : 1));
}

/** One line for a person. */
export function formatDownStep({ do: action, kind, name, files }: DownStep): string {
  if (kind === "files") return `${action} the staged files in ${name}`;
  if (kind === "data") return `${action} what containers wrote in ${name} (${files} ${files === 1 ? "file" : "files"})`;
  return `${action} the ${kind} ${name}`;
}
