import type { Repo } from "@otto/config";
import type { Session } from "../session.js";
import { readLocalPaths } from "./local-paths.js";
import type { Candidate, Question, Subject } from "./question.js";

type Answer = (session: Session, question: Question) => Promise<readonly Candidate[]>;

const answers: Readonly<Record<Subject, Answer>> = {
  nothing: async () => [],
  words: async (_session, { words }) => words,
  lab: async (session, question) => (await import("./lab-answers.js")).answerLabs(session, question),
  repo: async (session) => (await session.repos()).map(({ name, root }) => ({ value: name, description: root })),
  host: async (session, question) => (await import("./stack-answers.js")).answerHosts(session, question),
  parent: async (session, question) => (await import("./lab-answers.js")).answerParent(session, question),
  parents: async (session, question) => (await import("./lab-answers.js")).answerParents(session, question),
  image: async (session, question) => (await reposOf(session, question)).flatMap(imagesOf),
  service: async (session, question) => (await import("./stack-answers.js")).answerServices(session, question),
  instruction: async (session, question) =>
    (await import("./instruction-answers.js")).answerInstructions(await reposOf(session, question)),
  "instruction-option": async (session, question) =>
    (await import("./instruction-answers.js")).answerInstructionOptions(await reposOf(session, question), question),
  "sent-path": (session, question) => answerPaths(session, question, question.before.length === 0 ? "local" : "both"),
  "fetched-path": (session, question) =>
    answerPaths(session, question, question.before.length === 0 ? "remote" : "both"),
};

/** The words that could stand at the cursor: whole words, those alone that begin as what has been typed. */
export async function answer(session: Session, question: Question): Promise<readonly Candidate[]> {
  const { typed, lead } = question;
  const found = await answers[question.subject](session, question);
  const fitting = found.filter(({ value }) => value.startsWith(typed));
  return fitting.map((it) => ({ ...it, value: `${lead}${it.value}` }));
}

async function answerPaths(
  session: Session,
  question: Question,
  where: "local" | "remote" | "both",
): Promise<readonly Candidate[]> {
  const { typed, host } = question;
  const { home, cwd } = session.invocation;
  const local = where === "remote" ? [] : readLocalPaths(typed, { home, cwd });
  const remote = async () => {
    if (where === "local" || host === undefined) return [];
    const { readRemotePaths } = await import("./remote-paths.js");
    return readRemotePaths(session, { lab: question.options.lab, host, typed });
  };
  const paths = [...(await Promise.all([local, remote()]))].flat();
  return [...new Set(paths)].map((value) => ({ value }));
}

async function reposOf(session: Session, { options }: Question): Promise<readonly Repo[]> {
  const repos = await session.repos();
  return options.repo === undefined ? repos : repos.filter(({ name }) => name === options.repo);
}

function imagesOf({ name: repo, docker }: Repo): Candidate[] {
  return docker.images.map(({ name }) => ({ value: name, description: `image of ${repo}` }));
}
