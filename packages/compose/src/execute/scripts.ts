import { quoteWord } from "@otto/errors";
import type { ContainerStep, NetworkStep } from "../plan/operations.js";
import { dockerWords, projectFilter } from "../session/compose-command.js";
import type { StackLocation } from "../session/stack-session.js";

/** Does steps of single containers and networks of a project, one after the other. */
export function containerScript(
  { parent, project }: StackLocation,
  steps: readonly (ContainerStep | NetworkStep)[],
): string {
  const docker = dockerWords(parent);
  const commands = steps.map((step) => {
    return step.do === "recreate" ? networkCommand(step, docker, project) : containerCommand(step, docker);
  });
  return `{ ${commands.join(" && ")}; } 2>&1`;
}

function containerCommand({ do: action, containers, name, stops }: ContainerStep, docker: string): string {
  const ids = containers.join(" ");
  if (action === "rename") return `${docker} container rename ${ids} ${quoteWord(name ?? "")}`;
  if (action !== "remove") return `${docker} container ${action} ${ids}`;
  const remove = `${docker} container rm --force ${ids}`;
  return stops ? `${docker} container stop ${ids} && ${remove}` : remove;
}

/**
 * Where containers of others are on the network, nothing is done, and it fails. A network of that name that is not the
 * project's own is left: what comes of it, Compose says.
 */
function networkCommand({ network: key, name, containers }: NetworkStep, docker: string, project: string): string {
  const ids = containers.join(" ");
  const isOwn = `${projectFilter(project)} --filter ${quoteWord(`label=com.docker.compose.network=${key}`)}`;
  const format = '{{range $id, $one := .Containers}}{{$id}} {{$one.Name}}{{"\\n"}}{{end}}';
  return `own=$(${docker} network ls --no-trunc --format '{{.ID}} {{.Name}}' ${isOwn}) &&
network=$(printf '%s\\n' "$own" | while read -r id name; do
case $name in ${quoteWord(name)}) printf %s "$id" ;; esac; done) &&
if [ -n "$network" ]; then
list=$(${docker} network inspect --format '${format}' "$network") &&
others=$(printf '%s\\n' "$list" | while read -r id name; do
case " ${ids}  " in *" $id "*) ;; *) printf ' %s' "$name" ;; esac; done) &&
{ [ -z "$others" ] || { printf 'the settings of the network %s changed, and others are on it:%s\\n' ${quoteWord(name)} "$others"; false; }; } &&
${docker} container stop ${ids} &&
for id in ${ids}; do ${docker} network disconnect --force "$network" "$id" 2>/dev/null || :; done &&
${docker} network rm "$network"
fi`;
}

/** Stops and removes the containers `$ids`; `volumes`: with their anonymous volumes. */
export function removeContainersScript(
  docker: string,
  { stopTimeout, volumes }: { readonly stopTimeout: number; readonly volumes: boolean },
): string {
  const remove = `${docker} container rm --force ${volumes ? "--volumes " : ""}$ids`;
  return `{ ${docker} container stop --time ${stopTimeout} $ids; ${remove}; }`;
}
