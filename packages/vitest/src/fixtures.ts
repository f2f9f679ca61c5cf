/* oxlint-disable no-empty-pattern -- biome has the rule, too, and its one exception below */
import { resolve } from "node:path";
import type { DockerContainerHost, Lab, Repo } from "@otto/docker";
import type { TestContext } from "vitest";
import { requireHeld } from "./held-stack.js";
import { describeStack, type StackReport } from "./stack-report.js";
import { openStack, type SuiteStack, type SuiteStackOptions } from "./suite-stack.js";
import { wholeError } from "./whole-error.js";
import { endWithVitest } from "./worker-end.js";

export interface StackFixtureOptions<Service extends string = string> extends SuiteStackOptions<Service> {
  /**
   * How long a worker uses the stack: `file` (the default) for a test file, `worker` for as long as it lives, `run` like
   * `worker` with a stack that {@link holdStack} keeps between workers. Whoever is last takes it down.
   */
  readonly scope?: "file" | "worker" | "run" | undefined;
  /**
   * The directory for the graph and the logs of a failed test's stack; `false`: none are written. Default: `test-results/otto`
   * in the working directory.
   */
  readonly reportDirectory?: string | false | undefined;
}

/** What tests get. */
export interface StackContext<Service extends string = string> {
  /** The stack as its scope has it; `stack` is the same for one test. */
  readonly suiteStack: SuiteStack<Service>;
  readonly stack: SuiteStack<Service>;
  /** By service name. */
  readonly hosts: Readonly<Record<Service, DockerContainerHost>>;
  readonly lab: Lab;
  readonly repo: Repo;
}

type Use<T> = (value: T) => Promise<void>;

/** For `test.extend`. */
export interface StackFixtures<Service extends string> {
  /** In truth a pair with its scope: vitest's types take what a fixture gives from a function alone. */
  readonly suiteStack: (context: object, use: Use<SuiteStack<Service>>) => Promise<void>;
  readonly stack: (
    context: Pick<StackContext<Service>, "suiteStack"> & Pick<TestContext, "task">,
    use: Use<SuiteStack<Service>>,
  ) => Promise<void>;
  readonly hosts: (
    context: Pick<StackContext<Service>, "stack">,
    use: Use<StackContext<Service>["hosts"]>,
  ) => Promise<void>;
  readonly lab: (context: Pick<StackContext<Service>, "stack">, use: Use<Lab>) => Promise<void>;
  readonly repo: (context: Pick<StackContext<Service>, "stack">, use: Use<Repo>) => Promise<void>;
}

/**
 * Fixtures `stack`, `hosts`, `lab` and `repo` for `test.extend`. The stack comes up for the first test that uses one of
 * them. The report of such a test, when it fails, also has the state of the stack's containers and their logs.
 * @throws (the fixtures) OttoError `VITEST_STACK_NOT_HELD`, and what `openStack` throws
 */
export function stackFixtures<const Service extends string = string>(
  options: StackFixtureOptions<Service> = {},
): StackFixtures<Service> {
  const { scope = "file", reportDirectory = "test-results/otto", ...wanted } = options;
  const suiteStack: [StackFixtures<Service>["suiteStack"], { scope: "file" | "worker" }] = [
    // biome-ignore lint/correctness/noEmptyPattern: vitest reads the names of fixtures from the source, this says "none"
    async ({}, use) => {
      endWithVitest();
      await using stack = await startFixture(wanted, scope);
      await use(stack);
    },
    { scope: scope === "run" ? "worker" : scope },
  ];
  return {
    suiteStack: suiteStack as unknown as StackFixtures<Service>["suiteStack"],
    stack: async ({ suiteStack, task }, use) => {
      await use(suiteStack);
      if (task.result?.state === "fail") await attachReport(task, suiteStack, reportDirectory);
      // What a test broke on purpose is not broken for the next one.
      await suiteStack.undoFaults();
    },
    hosts: async ({ stack }, use) => use(stack.hosts),
    lab: async ({ stack }, use) => use(stack.lab),
    repo: async ({ stack }, use) => use(stack.repo),
  };
}

async function startFixture<Service extends string>(
  options: SuiteStackOptions<Service>,
  scope: string,
): Promise<SuiteStack<Service>> {
  try {
    const stack = await openStack(options);
    if (scope === "run") await requireHeld(stack);
    return stack;
  } catch (error) {
    throw wholeError(error);
  }
}

declare module "vitest" {
  interface TaskMeta {
    /** Of a failed test that used a stack. */
    otto?: StackReport;
  }
}

/**
 * As one more error of the test, which is what every reporter shows, and as data in its `meta`. Annotations are refused
 * once a test has failed.
 */
async function attachReport(
  task: TestContext["task"],
  stack: SuiteStack,
  reportDirectory: string | false,
): Promise<void> {
  const place = reportDirectory === false ? undefined : { directory: resolve(reportDirectory), test: nameOf(task) };
  const { text, report } = await describeStack(stack, place);
  if (report !== undefined) task.meta.otto = report;
  task.result?.errors?.push({ name: "StackReport", message: text });
}

/** With its file and the suites around it: two tests may be called alike. */
function nameOf({ file, name, suite }: TestContext["task"]): string {
  const suites: string[] = [];
  for (let around = suite; around !== undefined; around = around.suite) suites.unshift(around.name);
  return [file.name, ...suites.filter((one) => one !== file.name), name].join(" ");
}
