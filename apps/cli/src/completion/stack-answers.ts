import { type ContainerHostRow, declareStacks, findByShortId, openLab } from "@otto/docker";
import type { Session } from "../session.js";
import { readAliases, toCandidate } from "./host-candidate.js";
import type { Candidate, Question } from "./question.js";

/** The declared services, of all repos or of the one on the line. */
export async function answerServices(session: Session, question: Question): Promise<readonly Candidate[]> {
  const { repo } = question.options;
  const { containers } = await readHosts(session, question);
  const rows = containers.filter((row) => repo === undefined || repoOf(row) === repo);
  const services = new Map(rows.map((row) => [row.service, repoOf(row)]));
  return [...services].map(([value, name]) => ({ value, description: `service of ${name}` }));
}

/** The hosts of the lab and the declared containers, whether they run or not: asking would connect. */
export async function answerHosts(session: Session, question: Question): Promise<readonly Candidate[]> {
  const { machines, containers, shortNames } = await readHosts(session, question);
  const rows = containers.map((row) => ({ value: row.id, description: `${row.service} of ${row.project}` }));
  const short = shortNames.filter((name) => !machines.some(({ id, handle }) => id === name || handle === name));
  const services = short.map((value) => ({ value, description: "service" }));
  return [...machines.map(toCandidate), ...services, ...rows, ...readAliases(session)];
}

async function readHosts({ invocation, options }: Session, question: Question) {
  const { cwd, env, home } = invocation;
  await using lab = await openLab({ lab: question.options.lab ?? options.lab, cwd, env, home });
  // Repos that come before a broken one are known by then.
  await declareStacks(lab).catch(() => undefined);
  const containers = lab.hosts.list();
  const services = [...new Set(containers.map(({ service }) => service))];
  const shortNames = services.filter((name) => findByShortId(name, lab).length === 1);
  return { machines: lab.data.hosts, containers, shortNames };
}

/** Ids of container hosts are `<parent>.<repo>.<service>`. */
function repoOf({ id }: ContainerHostRow): string | undefined {
  return id.split(".")[1];
}
