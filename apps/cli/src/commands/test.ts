import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { type Repo, selectRepos } from "@otto/config";
import { OttoError } from "@otto/errors";
import { exitCodes } from "../exit-code.js";
import type { Outcome } from "../outcome.js";
import { createNoticeListener } from "../output/docker-event.js";
import type { Session } from "../session.js";
import { eachOf } from "../side-by-side/each-part.js";

export interface TestFlags {
  readonly words: readonly string[];
  readonly repo?: string;
}

interface Suite {
  readonly repo: Repo;
  readonly argv: readonly string[];
}

/** `otto test`: vitest of each repo that has it, with the lab and the repos of this run. */
export async function test(session: Session, flags: TestFlags): Promise<Outcome> {
  const all = await session.repos();
  const suites = await findSuites(session, selectRepos(all, flags.repo), flags.words);
  let exitCode: number = exitCodes.done;
  const outcome = await eachOf(session, suites, async (suite, own) => {
    if (session.options.dryRun) return showSuite(own, suite);
    exitCode = Math.max(exitCode, await runSuite(own, suite, all));
    return true;
  });
  return { exitCode: Math.max(exitCode, outcome.exitCode) };
}

async function findSuites({ reporter }: Session, repos: readonly Repo[], words: readonly string[]): Promise<Suite[]> {
  const suites: Suite[] = [];
  for (const repo of repos) {
    const vitest = await findVitest(repo.root);
    if (vitest !== undefined) suites.push({ repo, argv: [vitest, ...vitestArguments(words)] });
    else if (repos.length === 1) throw noVitest(repo);
    else
      reporter.item(`${repo.name}  skipped (has no vitest)`, {
        type: "skipped",
        repo: repo.name,
        message: "has no vitest",
      });
  }
  return suites;
}

const subcommands = ["run", "watch", "dev", "related", "list", "bench", "init"];

/** Once, unless the arguments choose another way. */
export function vitestArguments(words: readonly string[]): readonly string[] {
  const isChosen = subcommands.includes(words[0] ?? "") || words.some((word) => /^(-w|--watch)$/.test(word));
  return isChosen ? words : ["run", ...words];
}

/** The file that vitest's command starts, as the repo has it installed. */
async function findVitest(root: string): Promise<string | undefined> {
  try {
    const manifest = createRequire(join(root, "package.json")).resolve("vitest/package.json");
    const { bin } = JSON.parse(await readFile(manifest, "utf8")) as { readonly bin: { readonly vitest: string } };
    return join(dirname(manifest), bin.vitest);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "MODULE_NOT_FOUND") return undefined;
    throw error;
  }
}

function noVitest({ name, root }: Repo): OttoError {
  return new OttoError("CLI_NO_VITEST", `looking for the suites of ${name}: vitest is not installed in ${root}`, {
    hint: "Install it there: npm install --save-dev vitest @otto/vitest",
    details: { repo: name },
  });
}

function showSuite({ reporter }: Session, { repo, argv }: Suite): boolean {
  const command = ["node", ...argv];
  reporter.item(`${repo.name}: would run ${command.join(" ")} in ${repo.root}`, {
    type: "step",
    do: "test",
    repo: repo.name,
    directory: repo.root,
    command,
  });
  return true;
}

async function runSuite(session: Session, { repo, argv }: Suite, all: readonly Repo[]): Promise<number> {
  const { options, invocation, signal, tracing } = session;
  const traces = tracing && (await mkdtemp(join(tmpdir(), "otto-traces-")));
  const child = spawn(process.execPath, argv, {
    cwd: repo.root,
    env: {
      ...invocation.env,
      OTTO_SUT_DIRS: all.map(({ root }) => root).join(delimiter),
      ...(options.lab === undefined ? {} : { OTTO_LAB: options.lab }),
      // Where workers of vitest leave what they record.
      ...(traces === undefined ? {} : { OTTO_TRACE_DIR: traces }),
    },
    stdio: options.json ? ["ignore", "pipe", "pipe"] : "inherit",
  });
  for (const stream of [child.stdout, child.stderr]) stream?.pipe(invocation.stderr, { end: false });
  const onAbort = () => void child.kill("SIGTERM");
  signal.addEventListener("abort", onAbort, { once: true });
  const exitCode = await exitOf(child);
  signal.removeEventListener("abort", onAbort);
  if (signal.aborted) await reapStack(session, repo);
  if (traces !== undefined) await tracing?.collect(traces);
  session.reporter.event({ type: "suite", repo: repo.name, exitCode });
  return exitCode;
}

async function exitOf(child: ChildProcess): Promise<number> {
  const [code] = (await once(child, "close")) as [number | null];
  return code ?? exitCodes.failed;
}

/** On a signal vitest ends at once, without tear-down. */
async function reapStack(session: Session, repo: Repo): Promise<void> {
  if (repo.docker.composes.length === 0) return;
  try {
    const [{ composeReap }, lab] = await Promise.all([import("@otto/docker"), session.lab({ asks: false })]);
    await composeReap(repo, lab, { onEvent: createNoticeListener(session.reporter) });
  } catch (error) {
    session.reporter.error(error);
  }
}
