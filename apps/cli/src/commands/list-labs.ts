import { listLabs as readLabs } from "@otto/config";
import { exitCodes } from "../exit-code.js";
import type { Outcome } from "../outcome.js";
import { columnsOf, formatTable } from "../output/table.js";
import type { Session } from "../session.js";

/** `otto --list-labs`: the labs that `--lab` takes. */
export async function listLabs(session: Session): Promise<Outcome> {
  const { invocation, reporter } = session;
  const labs = await readLabs(await session.repos(), invocation);
  const lines = formatTable(
    labs.map(({ name, hosts }) => [name, hosts.join(", ")]),
    columnsOf(invocation.stdout),
  );
  for (const [index, lab] of labs.entries()) reporter.item(lines[index] ?? lab.name, { type: "lab", ...lab });
  return { exitCode: exitCodes.done };
}
