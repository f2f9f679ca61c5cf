import { constants } from "node:os";
import type { ContainerReport } from "./container-report.js";

type Ended = Pick<ContainerReport, "exitCode" | "isOutOfMemory" | "memoryLimit">;

const signalNames = new Map(Object.entries(constants.signals).map(([name, number]) => [number, name]));

/**
 * What an exit code means beside being one: `out of memory, its limit is 64 MiB`, `SIGKILL`, `command not found`; undefined
 * for one that a program chose.
 * @see https://docs.docker.com/engine/containers/run/#exit-status
 */
export function explainExit({ exitCode, isOutOfMemory, memoryLimit }: Ended): string | undefined {
  const limit = memoryLimit === undefined ? undefined : `its limit is ${formatMemory(memoryLimit)}`;
  if (isOutOfMemory) return limit === undefined ? "out of memory" : `out of memory, ${limit}`;
  if (exitCode === 126) return "the command cannot be executed";
  if (exitCode === 127) return "command not found";
  const signal = signalNames.get(exitCode - 128);
  if (signal === undefined) return undefined;
  // The engine does not always see that the first process of a container was killed for its memory.
  return signal === "SIGKILL" && limit !== undefined
    ? `killed by SIGKILL, perhaps out of memory: ${limit}`
    : `killed by ${signal}`;
}

/** As Compose files write it, in whole numbers where it is one: `64 MiB`. */
export function formatMemory(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let [amount, unit] = [bytes, 0];
  for (; amount >= 1024 && unit < units.length - 1; unit += 1) amount /= 1024;
  return `${Number(amount.toFixed(1))} ${units[unit]}`;
}
