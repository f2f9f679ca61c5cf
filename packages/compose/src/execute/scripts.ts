import { quoteWord } from "@otto/errors";
import type { ContainerStep } from "../plan/operations.js";

/** Does steps of single containers, one after the other. */
export function containerScript(steps: readonly ContainerStep[], docker: string): string {
  return `{ ${steps.map((step) => containerCommand(step, docker)).join(" && ")}; } 2>&1`;
}

function containerCommand({ do: action, containers, name, stops }: ContainerStep, docker: string): string {
  const ids = containers.join(" ");
  if (action === "rename") return `${docker} container rename ${ids} ${quoteWord(name ?? "")}`;
  if (action !== "remove") return `${docker} container ${action} ${ids}`;
  const remove = `${docker} container rm --force ${ids}`;
  return stops ? `${docker} container stop ${ids} && ${remove}` : remove;
}

/** Stops and removes the containers `$ids`; `volumes`: with their anonymous volumes. */
export function removeContainersScript(
  docker: string,
  { stopTimeout, volumes }: { readonly stopTimeout: number; readonly volumes: boolean },
): string {
  const remove = `${docker} container rm --force ${volumes ? "--volumes " : ""}$ids`;
  return `{ ${docker} container stop --time ${stopTimeout} $ids; ${remove}; }`;
}
