import { listLabs as readLabs } from "@otto/config";
import { exitCodes } from "../exit-code.js";
import type { Outcome } from "../outcome.js";
import { showTable } from "../output/shown-table.js";
import type { Session } from "../session.js";

/** `otto --list-labs`: the labs that `--lab` takes. */
export async function listLabs(session: Session): Promise<Outcome> {
  const labs = await readLabs(await session.repos(), session.invocation);
  const rows = labs.map((lab) => ({ cells: [lab.name, lab.hosts.join(", ")], record: { type: "lab", ...lab } }));
  showTable(session, rows);
  return { exitCode: exitCodes.done };
}
