import { quoteWord } from "@otto/errors";
import type { ContainerStep, NetworkStep } from "../plan/operations.js";

/** Does steps of single containers and networks, one after the other. */
export function containerScript(steps: readonly (ContainerStep | NetworkStep)[], docker: string): string {
  const commands = steps.map((step) => {
    return step.do === "recreate" ? networkCommand(step, docker) : containerCommand(step, docker);
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

/** Where containers of others are on the network, nothing is done, and it fails. */
function networkCommand({ name, containers }: NetworkStep, docker: string): string {
  const [network, ids] = [quoteWord(name), containers.join(" ")];
  const format = '{{range $id, $one := .Containers}}{{$id}} {{$one.Name}}{{"\\n"}}{{end}}';
  return `if list=$(${docker} network inspect --format '${format}' ${network} 2>/dev/null); then
others=$(printf '%s\\n' "$list" | while read -r id name; do
case " ${ids}  " in *" $id "*) ;; *) printf ' %s' "$name" ;; esac; done)
[ -z "$others" ] || { printf 'the settings of the network %s changed, and others are on it:%s\\n' ${network} "$others"; false; } &&
${docker} container stop ${ids} &&
for id in ${ids}; do ${docker} network disconnect --force ${network} "$id" 2>/dev/null || :; done &&
${docker} network rm ${network}
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
