import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, readdir } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { launcher, runOtto } from "./otto-process.js";
import { createTestRepo, type TestRepo } from "./test-repo.js";

const instructions = `import { instruction } from "@otto/instructions";
export const smoke = instruction(
  {
    description: "asks: is it up?",
    options: {
      maxTimes: { type: "number", default: 1 },
      stage: { type: "string", choices: ["dev one", "staging:eu", "test"], multiple: true },
      checks: { type: "boolean", default: true },
    },
  },
  () => {},
);
throw new Error("completion runs nothing");
`;

let repo: TestRepo;
beforeAll(async () => {
  repo = await createTestRepo();
  await repo.write("bin/otto", `#!/bin/sh\nexec ${process.execPath} ${launcher} "$@"\n`);
  await chmod(join(repo.root, "bin/otto"), 0o755);
  await repo.write(".otto/instructions.ts", instructions);
  await mkdir(join(repo.root, "away/inner dir"), { recursive: true });
  // A name that would do something if it were evaluated.
  await repo.write("away/odd $(touch evaluated) 'name", "");
});
afterAll(() => repo[Symbol.asyncDispose]());

const shells = {
  bash: { argv: "bash --norc --noprofile -i", setUp: 'eval "$(otto completion bash)"' },
  zsh: {
    argv: "zsh -f -i",
    setUp: 'autoload -U compinit; compinit -D -u; bindkey -e; eval "$(otto completion zsh)"',
  },
  fish: { argv: "fish --no-config --interactive", setUp: "otto completion fish | source" },
} as const;

// At the begin and the end of the line: what has been typed becomes words to print. No end of input is sent: it is lost
// on a terminal whose mode the shell has not set yet.
const printWords = "\u0001printf '<%s>' \u0005; exit\r";

/** Types a line with its tabs at a shell's prompt; the words that it has then. */
async function complete(shell: keyof typeof shells, line: string): Promise<readonly string[]> {
  const { argv, setUp } = shells[shell];
  const child = spawn("script", ["--quiet", "--flush", "--command", argv, "/dev/null"], {
    cwd: repo.root,
    env: { ...repo.place.env, PATH: `${join(repo.root, "bin")}:${process.env.PATH}`, TERM: "dumb", LC_ALL: "C.UTF-8" },
    stdio: ["pipe", "pipe", "inherit"],
  });
  let shown = "";
  let isReady = false;
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    shown += chunk;
    if (isReady || !shown.includes("isready")) return;
    isReady = true;
    child.stdin.write(`${line}${printWords}`);
  });
  child.stdin.write(`${setUp}; echo is''ready\r`);
  await once(child, "close");
  const [, words = ""] = /\n<(otto>.*)>/.exec(shown) ?? [];
  return words.split("><");
}

test.each(Object.keys(shells) as (keyof typeof shells)[])("%s completes what is typed", async (shell) => {
  const typed = async (line: string) => (await complete(shell, line)).slice(1);
  expect(await typed("otto dock\tbu\tap\t")).toEqual(["docker", "build", "api"]);
  expect(await typed("otto docker up --prof\tx --repo c\t")).toEqual([
    "docker",
    "up",
    "--profile",
    "x",
    "--repo",
    repo.name,
  ]);
  expect(await typed("otto --log-level=de\tdocker ps --on=lo\t")).toEqual([
    "--log-level=debug",
    "docker",
    "ps",
    "--on=local",
  ]);
  expect(await typed("otto host local.\tap\tex\t")).toEqual(["host", `local.${repo.name}.api`, "exec"]);
  expect(await typed("otto docker logs we\t")).toEqual(["docker", "logs", "web"]);
  expect(await typed("otto run --repo cl\tsm\t--max\t2 --he\t")).toEqual([
    ...["run", "--repo", repo.name],
    ...["smoke", "--max-times", "2", "--help"],
  ]);
  expect(await typed("otto run smoke --sta\tde\t--stage=st\t--no-\t--stage \tte\t")).toEqual([
    ...["run", "smoke", "--stage", "dev one", "--stage=staging:eu", "--no-checks", "--stage", "test"],
  ]);
  const away = `${repo.root}/away/`;
  expect(await typed(`otto host local get ${away}inn\t`)).toEqual(["host", "local", "get", `${away}inner dir/`]);
  expect(await typed(`otto host local get ${away}od\tbin/o\t`)).toEqual([
    ...["host", "local", "get", `${away}odd $(touch evaluated) 'name`],
    "bin/otto",
  ]);
  expect(await readdir(repo.root)).not.toContain("evaluated");
});

test("paths of a running container are answered, those of one that does not run are not, and nothing is started", async () => {
  const ask = async () => {
    const words = ["host", `local.${repo.name}.api`, "get", "/etc/ma"];
    const { exitCode, stdout } = await runOtto(repo.place, ["completion", "fish", "--", ...words]);
    return [exitCode, stdout];
  };
  expect(await ask()).toEqual([0, ""]);
  expect((await runOtto(repo.place, ["docker", "up", "--quiet"])).exitCode).toBe(0);
  // Who asks a busy machine is not kept waiting: there is no answer then.
  await expect.poll(ask).toEqual([0, "/etc/marker\n"]);
});

// What a garbage collection takes is gone at once.
const collector = `import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
setFlagsFromString("--expose-gc");
setInterval(runInNewContext("gc"), 20).unref();
`;

test("a machine that says nothing holds a key up for 3 s at most", async () => {
  const silent = createServer(() => {}).listen(0, "127.0.0.1");
  await once(silent, "listening");
  const { port } = silent.address() as AddressInfo;
  const host = { ip: "127.0.0.1", element: "mute", creds: [{ login: "me" }], labs: ["x"], ssh_options: { port } };
  await repo.write("lab.json", JSON.stringify({ hosts: [host], links: [] }));
  await repo.write("collector.mjs", collector);
  const env = { ...repo.place.env, NODE_OPTIONS: `--import ${join(repo.root, "collector.mjs")}` };
  const startedAt = performance.now();
  const words = ["--lab", "x", "host", "mute", "get", "/etc/"];
  const run = await runOtto({ ...repo.place, env }, ["completion", "fish", "--", ...words]);
  silent.close();
  expect([run.exitCode, run.stdout]).toEqual([0, ""]);
  const tookMs = performance.now() - startedAt;
  expect(tookMs).toBeGreaterThan(2900);
  // A limit that was lost leaves the 20 s that connecting may take; a busy machine takes some seconds more than 3.
  expect(tookMs).toBeLessThan(15_000);
});
