import { listLabs as readLabs } from "@otto/config";
import { exitCodes } from "../exit-code.js";
import { readLabChoice } from "../lab-choice.js";
import { labPlaces } from "../lab-places.js";
import type { Outcome } from "../outcome.js";
import { showTable } from "../output/shown-table.js";
import type { Session } from "../session.js";

/** `otto --list-labs`: the labs that `--lab` takes, and which one is in use. */
export async function listLabs(session: Session): Promise<Outcome> {
  const labs = await readLabs(await session.repos(), labPlaces(session));
  const { name, chosenBy } = await readLabChoice(session);
  const rows = labs.map((lab) => {
    const inUse = name.split("+").includes(lab.name);
    const use = inUse ? `in use${chosenBy === undefined ? "" : `: ${chosenBy}`}` : "";
    return {
      cells: [lab.name, lab.hosts.join(", "), use],
      record: { type: "lab", ...lab, inUse, ...(inUse && chosenBy !== undefined && { chosenBy }) },
    };
  });
  showTable(session, rows);
  return { exitCode: exitCodes.done };
}
