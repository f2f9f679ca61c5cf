import { type ContainerRow, composePs, type Lab } from "@otto/docker";
import { exitCodes } from "../exit-code.js";
import type { Outcome } from "../outcome.js";
import { describeError, errorRecord } from "../output/error-text.js";
import { showTable, type TableRow } from "../output/shown-table.js";
import type { Session } from "../session.js";

export interface DockerPsFlags {
  readonly on?: string;
  readonly all?: boolean;
}

interface Answer {
  readonly parent: string;
  readonly containers: readonly ContainerRow[];
  /** What kept the parent from answering. */
  readonly error?: unknown;
}

const header = ["HOST", "NAME", "IMAGE", "STATUS", "PORTS"];

/** `otto docker ps`: a parent that cannot be asked is a row among the others', and makes the command fail. */
export async function dockerPs(session: Session, flags: DockerPsFlags): Promise<Outcome> {
  const lab = await session.lab();
  const answers = await Promise.all(parentsOf(lab, flags.on).map((parent) => ask(session, lab, { ...flags, parent })));
  session.signal.throwIfAborted();
  const silent = answers.filter((answer) => answer.error !== undefined);
  if (silent.length > 0 && silent.length === answers.length) {
    for (const { error } of silent) session.reporter.error(error);
    return { exitCode: exitCodes.failed };
  }
  showTable(session, answers.flatMap(rowsOf), header);
  return { exitCode: silent.length > 0 ? exitCodes.failed : exitCodes.done };
}

function parentsOf(lab: Lab, on: string | undefined): readonly string[] {
  if (on !== undefined) return [lab.parent(on).id];
  return lab.data.hosts.filter((host) => host.dockerCapable).map((host) => host.id);
}

async function ask(
  { signal }: Session,
  lab: Lab,
  { parent, all }: { readonly parent: string; readonly all?: boolean },
): Promise<Answer> {
  try {
    return { parent, containers: await composePs(lab.parent(parent), { all, signal }) };
  } catch (error) {
    return { parent, containers: [], error };
  }
}

function rowsOf({ parent, containers, error }: Answer): TableRow[] {
  if (error !== undefined) {
    const cells = [parent, `error: ${describeError(error).message}`];
    return [{ cells, record: { ...errorRecord(error), parent } }];
  }
  return containers.map((container) => ({
    cells: [parent, container.Names, container.Image, container.Status, container.Ports],
    record: { type: "container", parent, ...container },
  }));
}
