import { randomBytes } from "node:crypto";
import { eachPart, type Lab } from "@otto/host-registry";
import { type Fault, nothingToCut, openPartition, type Parent } from "@otto/hosts";

/** What may be broken of a stack on purpose, beside single hosts, until its scope ends. */
export interface StackFaults {
  /**
   * Cuts services from others: of the networks that both are on, those of `a` leave, and meet all others but `b` on one of their
   * own. Connections of `a` end with that, silently; names lead to the new addresses. Disposing the result undoes it, and so does the end of the scope; when this process or
   * its link dies, the parent does.
   * @throws OttoError `HOST_FAULT_FAILED`, also where they share no network
   */
  partition(
    a: readonly string[],
    b: readonly string[],
    options?: { readonly signal?: AbortSignal | undefined },
  ): Promise<AsyncDisposable>;
  /** Undoes each partition, and what `stop`, `kill` and `pause` of the stack's hosts did. @throws OttoError `HOST_FAULT_LEFT` */
  undoFaults(): Promise<void>;
}

/** @param parents those that the project is on */
export function createStackFaults(lab: Lab, parents: readonly Parent[], project: string): StackFaults {
  const open = new Set<Fault>();
  const undoOne = async (fault: Fault) => {
    open.delete(fault);
    await fault.undo();
  };
  return {
    async partition(a, b, { signal } = {}) {
      const partition = { project, a, b };
      const name = randomBytes(4).toString("hex");
      const parts = parents.map((parent) => ({ parent }));
      const faults = await eachPart(parts, ({ parent }) => openPartition(parent, partition, { name, signal }));
      const cut = faults.filter((fault) => fault !== undefined);
      for (const fault of cut) open.add(fault);
      if (cut.length === 0) throw nothingToCut(partition);
      return {
        [Symbol.asyncDispose]: async () => {
          for (const fault of cut) await undoOne(fault);
        },
      };
    },
    async undoFaults() {
      const hosts = lab.hosts.all().filter((host) => host.project === project);
      const undoing = [...[...open].map(undoOne), ...hosts.map((host) => host.undoFaults())];
      for (const undone of await Promise.allSettled(undoing)) if (undone.status === "rejected") throw undone.reason;
    },
  };
}
