import { type ContainerRow, composePs, type Lab } from "@otto/docker";
import { describeError, errorRecord } from "../error-text.js";
import { exitCodes } from "../exit-code.js";
import type { Outcome } from "../outcome.js";
import type { JsonRecord } from "../reporter.js";
import type { Session } from "../session.js";
import { formatTable } from "../table.js";

export interface DockerPsFlags {
  readonly on?: string;
  readonly all?: boolean;
}

interface Row {
  readonly cells: readonly string[];
  readonly record: JsonRecord;
}

interface Answer {
  readonly rows: readonly Row[];
  readonly answered: boolean;
}

const header = ["HOST", "NAME", "IMAGE", "STATUS", "PORTS"];

/** `otto docker ps`: a parent that cannot be asked is a row; the command fails when none answers. */
export async function dockerPs(session: Session, flags: DockerPsFlags): Promise<Outcome> {
  const lab = await session.lab();
  const parents = parentsOf(lab, flags.on);
  const answers = await Promise.all(parents.map((parent) => ask(session, lab, { ...flags, on: parent })));
  session.signal.throwIfAborted();
  const rows = answers.flatMap((answer) => answer.rows);
  const [title = "", ...lines] = formatTable([header, ...rows.map((row) => row.cells)]);
  session.reporter.heading(title);
  for (const [index, row] of rows.entries()) session.reporter.item(lines[index] ?? "", row.record);
  const answered = answers.length === 0 || answers.some((answer) => answer.answered);
  return { exitCode: answered ? exitCodes.done : exitCodes.failed };
}

function parentsOf(lab: Lab, on: string | undefined): readonly string[] {
  if (on !== undefined) return [lab.parent(on).id];
  return lab.data.hosts.filter((host) => host.dockerCapable).map((host) => host.id);
}

async function ask(session: Session, lab: Lab, { on, all }: DockerPsFlags & { on: string }): Promise<Answer> {
  try {
    const containers = await composePs(lab.parent(on), { all, signal: session.signal });
    return { rows: containers.map((container) => toRow(on, container)), answered: true };
  } catch (error) {
    const cells = [on, `error: ${describeError(error).message}`];
    return { rows: [{ cells, record: { ...errorRecord(error), parent: on } }], answered: false };
  }
}

function toRow(parent: string, container: ContainerRow): Row {
  const { Names, Image, Status, Ports } = container;
  return { cells: [parent, Names, Image, Status, Ports], record: { type: "container", parent, ...container } };
}
