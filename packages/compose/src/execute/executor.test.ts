import { once } from "node:events";
import type { ComposeService } from "@otto/compose-files";
import { createRedactor } from "@otto/errors";
import { expect, test } from "vitest";
import type { PlacedStack } from "../declared/stack.js";
import type { UpPlan } from "../plan/operations.js";
import type { Compose } from "../session/compose-process.js";
import { type Execution, executePlan } from "./executor.js";

const labels = { "com.docker.compose.project": "shop", "com.docker.compose.service": "db" };
const state = { Status: "running", ExitCode: 0, Health: { Status: "healthy" } };
const db = { id: "db1", name: "/shop-db-1", image: "sha256:1", restarts: 0, state, policy: "no", labels };

/** Executes a plan, and returns the commands with what they end with. @param endless a command that only its signal ends */
async function execute(plan: UpPlan, failing?: string, endless?: string): Promise<[string[], number]> {
  const commands: string[] = [];
  const answer = (command: string, output = "") => {
    commands.push(command.replaceAll("'", ""));
    return { exitCode: commands.at(-1) === failing ? 1 : 0, output };
  };
  const session = {
    parent: { docker: { command: ["docker"] } },
    run: async (script: string) =>
      script.includes("container inspect") ? answer("observe", JSON.stringify(db)) : answer(script),
  };
  const compose = {
    session,
    run: async (argv: (words: string[]) => readonly string[], { signal }: { signal: AbortSignal }) => {
      const words = argv(["docker", "compose"]);
      const command = words.slice(words.indexOf("--no-deps") + 1).join(" ");
      if (command !== endless) return answer(command);
      await once(signal, "abort");
      return { ...answer(command), exitCode: 130 };
    },
  } as unknown as Compose;
  const services = ["db", "api"].map((name) => ({ name, enabled: true, replicas: 1 })) as ComposeService[];
  const files = { services, environment: {}, projectDirectory: "repo", commandFiles: [], envFiles: [], profiles: [] };
  const execution = {
    ...{ stack: { project: "shop", files } as unknown as PlacedStack, compose, directory: "/c" },
    watched: {
      session,
      redactor: async () => createRedactor([]),
      events: { isOver: false, count: 0, lastChange: () => undefined },
    },
    progress: { begin: () => {}, read: () => "" },
    waiting: {
      ...{ services, before: [], timeoutMs: 1000 },
      deadline: endless === undefined ? Number.POSITIVE_INFINITY : performance.now() + 10,
      now: () => performance.now(),
    },
  } as unknown as Execution;
  const { exitCode } = await executePlan(execution, plan);
  return [commands, exitCode];
}

const base = { cause: "", after: [] };
const [first, second] = [
  { number: 1, replaces: false, builds: false },
  { number: 2, replaces: true, builds: true },
];

const plan: UpPlan = [
  { ...base, do: "pull", service: "db", isAhead: true },
  { ...base, do: "rename", service: "db", containers: ["db1"], name: "shop-db-1" },
  { ...base, do: "remove", service: "gone", containers: ["gone1", "gone2"], stops: true },
  { ...base, do: "start", service: "db", run: first },
  { ...base, do: "create", service: "mail", run: first },
  { ...base, do: "build", service: "api", run: second },
  { ...base, do: "recreate", service: "api", after: ["db"], run: second },
  { ...base, do: "restart", service: "web", containers: ["web1", "web2"], after: ["api"] },
  { ...base, do: "leave", service: "cache" },
];

const repairs =
  "{ docker container rename db1 shop-db-1 && docker container stop gone1 gone2 && docker container rm --force gone1 gone2; } 2>&1";
const starts = "--no-recreate --no-build -- db mail";

test("the steps of a plan are executed in their order, and a run waits for what its steps come after", async () => {
  expect(await execute(plan)).toEqual([
    [repairs, starts, "observe", "--force-recreate --build -- api", "{ docker container restart web1 web2; } 2>&1"],
    0,
  ]);
});

test("nothing is executed after a step that fails", async () => {
  expect(await execute(plan, starts)).toEqual([[repairs, starts], 1]);
});

test("a plan that only pulls and leaves executes nothing", async () => {
  expect(await execute(plan.filter((step) => step.do === "pull" || step.do === "leave"))).toEqual([[], 0]);
});

test("what compose was ended at when time was over is not up, though the container of before runs; nothing more is done", async () => {
  const run = { number: 1, replaces: true, builds: true };
  const late: UpPlan = [
    { ...base, do: "build", service: "db", run },
    { ...base, do: "recreate", service: "db", run },
    ...plan.filter(({ do: action }) => action === "restart"),
  ];
  await expect(execute(late, undefined, "--force-recreate --build -- db")).rejects.toMatchObject({
    code: "COMPOSE_NOT_READY",
    message: expect.stringContaining("db: docker compose was still at work") as string,
  });
});

test("a run that only builds is a build", async () => {
  const run = { number: 1, replaces: false, builds: true };
  const [[command]] = await execute([{ ...base, do: "build", service: "api", run }]);
  expect(command).toMatch(/ build -- api$/);
});
