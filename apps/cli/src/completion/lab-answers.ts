import { findDefaultLab, type LabData, listLabs, loadLab } from "@otto/config";
import type { Session } from "../session.js";
import { readAliases, toCandidate } from "./host-candidate.js";
import type { Candidate, Question } from "./question.js";

/** The labs. `a+b` merges labs: the last of them is being typed. */
export async function answerLabs(session: Session, { typed }: Question): Promise<readonly Candidate[]> {
  const labs = await listLabs(await session.repos(), session.invocation);
  const before = typed.slice(0, typed.lastIndexOf("+") + 1);
  return labs.map(({ name, hosts }) => ({ value: `${before}${name}`, description: hosts.join(", ") }));
}

/** The docker-capable hosts of the lab, and the aliases of the user's SSH configuration. */
export async function answerParents(session: Session, question: Question): Promise<readonly Candidate[]> {
  const { hosts } = await readLab(session, question);
  return [...hosts.filter(({ dockerCapable }) => dockerCapable).map(toCandidate), ...readAliases(session)];
}

async function readLab(session: Session, question: Question): Promise<LabData> {
  const { invocation, options } = session;
  const repos = await session.repos();
  const name = question.options.lab ?? options.lab ?? findDefaultLab(repos)?.name;
  return loadLab({ ...invocation, repos, name });
}
