import {
  type ComposedOptions,
  type ComposedStack,
  composed,
  type DockerContainerHost,
  type Lab,
  openLab,
  type Repo,
  readStackGraph,
  type StackGraph,
} from "@otto/docker";
import { startRecording } from "./recording.js";
import { explainByStack, readStackReport, type StackReport } from "./stack-report.js";
import { suiteRepo } from "./suite-repo.js";

/** What a suite needs. */
export interface SuiteStackOptions<Service extends string = string> extends ComposedOptions<Service> {
  /** Name of the repository. Default: the one that holds `cwd`. */
  readonly repo?: string | undefined;
  /** Default: `OTTO_LAB`, else `[lab] default` of the settings, else `local`. */
  readonly lab?: string | undefined;
  /** Default: the working directory. */
  readonly cwd?: string | undefined;
}

/** A stack that is up until it is disposed, with all that tests ask for. */
export interface SuiteStack<Service extends string = string>
  extends AsyncDisposable,
    Pick<ComposedStack, "partition" | "undoFaults"> {
  readonly lab: Lab;
  readonly repo: Repo;
  /** Its Compose project. */
  readonly project: string;
  readonly hosts: Readonly<Record<Service, DockerContainerHost>>;
  /** The state and the last log lines of each of its containers, without the values of the stack's `secrets`. */
  report(signal?: AbortSignal): Promise<StackReport>;
  /** The stack as a graph, each service with its state; of several parents, on the first. */
  graph(signal?: AbortSignal): Promise<StackGraph>;
}

/**
 * Opens the lab and brings the repository's stack up, as `composed` of `@otto/docker` does: others may use it at the same
 * time, in this process and in others, and the last one takes it down. Dispose it to leave.
 * @throws OttoError `VITEST_REPO_AMBIGUOUS`, and what `openLab` and `composed` throw
 */
export async function openStack<const Service extends string = string>(
  options?: SuiteStackOptions<Service>,
): Promise<SuiteStack<Service>>;
/** The same around a callback, whose result it gives. Its error gets the stack's report as `cause`, if it has none. */
export async function openStack<const Service extends string, T>(
  options: SuiteStackOptions<Service>,
  body: (stack: SuiteStack<Service>) => Promise<T>,
): Promise<T>;
export async function openStack<const Service extends string, T>(
  options: SuiteStackOptions<Service> = {},
  body?: (stack: SuiteStack<Service>) => Promise<T>,
): Promise<SuiteStack<Service> | T> {
  const lab = await openRecorded(options);
  let stack: SuiteStack<Service> | undefined;
  try {
    stack = await startStack(lab, options);
    if (body === undefined) return stack;
    const result = await body(stack);
    await stack[Symbol.asyncDispose]();
    return result;
  } catch (error) {
    if (stack !== undefined) await explainByStack(error, stack);
    // What went wrong first is what comes out.
    await Promise.resolve(lab[Symbol.asyncDispose]()).catch(() => {});
    throw error;
  }
}

/** Writes what it records when it is closed. */
async function openRecorded({ lab: name, cwd }: SuiteStackOptions): Promise<Lab> {
  const recording = startRecording("the stack of a suite");
  if (recording === undefined) return openLab({ lab: name, cwd });
  const lab = await openLab({ lab: name, cwd, onActivity: recording.onEvent, onSshEvent: recording.onEvent });
  const close = lab[Symbol.asyncDispose].bind(lab);
  const closeRecorded = async () => {
    try {
      await close();
    } finally {
      await recording.write();
    }
  };
  let closed: Promise<void> | undefined;
  lab[Symbol.asyncDispose] = () => {
    closed ??= closeRecorded();
    return closed;
  };
  return lab;
}

async function startStack<Service extends string>(
  lab: Lab,
  options: SuiteStackOptions<Service>,
): Promise<SuiteStack<Service>> {
  const repo = suiteRepo(lab.repos, { name: options.repo, cwd: options.cwd ?? process.cwd() });
  const stack = await composed(repo, lab, options);
  const { project, hosts, redact } = stack;
  const parents = lab.partsOf(repo, options.on).map(({ parent }) => parent);
  return {
    lab,
    repo,
    project,
    hosts,
    partition: (a, b, cut) => stack.partition(a, b, cut),
    undoFaults: () => stack.undoFaults(),
    report: (signal) => readStackReport(parents, { project, redact, signal }),
    graph: (signal) => {
      const { on, profiles } = options;
      return readStackGraph(repo, lab, { on, profiles, projectName: project, signal });
    },
    // Ends the stack, too.
    [Symbol.asyncDispose]: () => lab[Symbol.asyncDispose](),
  };
}
