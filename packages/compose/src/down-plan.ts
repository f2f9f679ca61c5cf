import { cleanText, OttoError } from "@otto/errors";
import { checkProjectName } from "@otto/hashing";
import type { Parent } from "@otto/hosts";
import { stagedDirectoryScript } from "@otto/staging";
import { dockerWords, projectFilter } from "./stack-observation.js";
import { openStackSession } from "./stack-session.js";

/** One thing that `down` removes. */
export interface DownStep {
  readonly do: "remove";
  readonly kind: "container" | "network" | "volume" | "files";
  /** Of `files`: the staged tree's directory on the parent. */
  readonly name: string;
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
  if (exitCode === 0) return parseSteps(output);
  const said = cleanText(output).trim();
  throw new OttoError("COMPOSE_DOWN_FAILED", `looking for what is left of ${project} on ${parent.id}: ${said}`, {
    details: { host: parent.id, project, output: said },
  });
}

const kinds: readonly DownStep["kind"][] = ["container", "network", "volume", "files"];

function listScript(parent: Parent, project: string, withVolumes: boolean): string {
  const docker = dockerWords(parent);
  const filter = projectFilter(project);
  return `${stagedDirectoryScript(project, parent.docker.stagingRoot)}
{ ${docker} container ls --all ${filter} --format 'container {{.Names}}' &&
${docker} network ls ${filter} --format 'network {{.Name}}'${withVolumes ? " &&" : ""}
${withVolumes ? `${docker} volume ls ${filter} --format 'volume {{.Name}}'` : ""}
} 2>&1 || exit 1
[ ! -d "$dir" ] || printf 'files %s\\n' "$dir"`;
}

function parseSteps(output: string): DownStep[] {
  const steps = output.split("\n").flatMap((line): DownStep[] => {
    const kind = kinds.find((one) => line.startsWith(`${one} `));
    return kind === undefined ? [] : [{ do: "remove", kind, name: line.slice(kind.length + 1) }];
  });
  return steps.sort((a, b) => kinds.indexOf(a.kind) - kinds.indexOf(b.kind) || (a.name < b.name ? -1 : 1));
}

/** One line for a person. */
export function formatDownStep({ do: action, kind, name }: DownStep): string {
  return kind === "files" ? `${action} the staged files in ${name}` : `${action} the ${kind} ${name}`;
}
