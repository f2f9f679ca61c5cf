import { composePsAll, type ParentContainers } from "@otto/docker";
import { startTimer } from "@otto/errors";
import { exitCodes } from "../exit-code.js";
import type { Outcome } from "../outcome.js";
import { describeError, errorLabel, errorRecord } from "../output/error-text.js";
import { openTable, type TableRow } from "../output/shown-table.js";
import type { Session } from "../session.js";

export interface AllStacksFlags {
  readonly on?: string;
  readonly all?: boolean;
}

const header = ["HOST", "NAME", "IMAGE", "STATUS", "PORTS"];
/** Answers within this time make one table, in the lab's order; later ones are printed as they come. */
const gatheringMs = 1000;

/** `otto docker ps --all-stacks`: a parent that cannot be asked is a row among the others', and makes the command fail. */
export async function showAllStacks(session: Session, flags: AllStacksFlags): Promise<Outcome> {
  const { reporter, signal } = session;
  const lab = await session.lab();
  const table = openTable(session, header);
  const told = new Set<ParentContainers>();
  const tell = (answers: readonly ParentContainers[]) => {
    // Where no parent answers, the errors are all there is to print.
    if (!answers.some(isAnswer)) return;
    table.add(answers.filter((answer) => !told.has(answer)).flatMap(rowsOf));
    for (const answer of answers) told.add(answer);
  };
  const come: ParentContainers[] = [];
  let isGathering = true;
  const gathering = startTimer(() => {
    isGathering = false;
    tell(come);
  }, gatheringMs);
  const onAnswer = (answer: ParentContainers) => {
    come.push(answer);
    if (!isGathering) tell(come);
  };
  try {
    const answers = await composePsAll(lab, { ...flags, signal, onAnswer });
    const silent = answers.flatMap((answer) => (isAnswer(answer) ? [] : [answer.error]));
    if (silent.length > 0 && silent.length === answers.length) for (const error of silent) reporter.error(error);
    else if (answers.length === 0) table.add([]);
    else tell(answers);
    return { exitCode: silent.length > 0 ? exitCodes.failed : exitCodes.done };
  } finally {
    clearTimeout(gathering);
  }
}

type Containers = Extract<ParentContainers, { containers: unknown }>;

function isAnswer(answer: ParentContainers): answer is Containers {
  return "containers" in answer;
}

function rowsOf(answer: ParentContainers): TableRow[] {
  const { parent } = answer;
  if (!isAnswer(answer)) {
    const error = describeError(answer.error);
    const cells = [parent, `${errorLabel(error)} ${error.message}`];
    return [{ cells, record: { ...errorRecord(answer.error), parent } }];
  }
  return answer.containers.map((container) => ({
    cells: [parent, container.Names, container.Image, container.Status, container.Ports],
    record: { type: "container", parent, ...container },
  }));
}
