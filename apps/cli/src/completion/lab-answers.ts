import { relative } from "node:path";
import { findDefaultLab, type LabData, listLabs, loadLab } from "@otto/config";
import { labPlaces } from "../lab-places.js";
import type { Session } from "../session.js";
import { readAliases, toCandidate } from "./host-candidate.js";
import type { Candidate, Question } from "./question.js";

/** The labs. `a+b` merges labs: the last of them is being typed. */
export async function answerLabs(session: Session, { typed }: Question): Promise<readonly Candidate[]> {
  const labs = await listLabs(await session.repos(), labPlaces(session));
  const before = typed.slice(0, typed.lastIndexOf("+") + 1);
  return labs.map(({ name, hosts }) => ({ value: `${before}${name}`, description: hosts.join(", ") }));
}

/** The docker-capable hosts of the lab, and the aliases of the user's SSH configuration. */
export async function answerParent(session: Session, question: Question): Promise<readonly Candidate[]> {
  const { hosts } = await readLab(session, question);
  return [...hosts.filter(({ dockerCapable }) => dockerCapable).map(toCandidate), ...readAliases(session)];
}

/** What `--on` takes, of which the last word is being typed: hosts, `all`, and `NAME=HOST`. */
export async function answerParents(session: Session, question: Question): Promise<readonly Candidate[]> {
  const hosts = await answerParent(session, question);
  const [, before = "", name = ""] = /^(.*,)?([^,=]+=)?/.exec(question.typed) ?? [];
  const chosen = before.split(",");
  const all = { value: "all", description: "every docker-capable host" };
  const words = name === "" ? [...hosts, all, ...(await answerEntries(session, question))] : hosts;
  const open = words.filter(({ value }) => !chosen.includes(`${name}${value}`));
  return open.map(({ value, ...rest }) => ({ ...rest, value: `${before}${name}${value}` }));
}

/** Names and roles of Compose files. */
async function answerEntries(session: Session, { options }: Question): Promise<readonly Candidate[]> {
  const repos = (await session.repos()).filter(({ name }) => options.repo === undefined || options.repo === name);
  const labels = repos.flatMap(({ root, docker }) =>
    docker.composes.flatMap(({ path, name, role }) =>
      [name, role].map((label) => ({ label, path: relative(root, path) })),
    ),
  );
  const files = new Map(labels.flatMap(({ label, path }) => (label === undefined ? [] : [[label, path] as const])));
  return [...files].map(([label, path]) => ({ value: `${label}=`, description: `where ${path} goes` }));
}

async function readLab(session: Session, question: Question): Promise<LabData> {
  const { options } = session;
  const repos = await session.repos();
  const name = question.options.lab ?? options.lab ?? findDefaultLab(repos)?.name;
  return loadLab({ ...labPlaces(session), repos, name });
}
