import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parse } from "yaml";
import { runCommand } from "./command.js";
import { type LocalRegistry, startRegistry } from "./local-registry.js";
import { listPublishedPackages, workspaceRoot } from "./published-packages.js";
import { packAll } from "./tarballs.js";

// pnpm and npm, on what may be a busy machine.
const installTimeoutMs = 300_000;

const cli = listPublishedPackages().filter(({ name }) => name === "@otto/cli");
const version = cli[0]?.manifest.version;
const templates = join(workspaceRoot, "setup-otto");
let scratch: string;
let registry: LocalRegistry;
/** Has npm take `@otto/cli` from the registry on this machine. */
let env: { readonly NPM_CONFIG_USERCONFIG: string };

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "otto-ci-"));
  registry = await startRegistry(join(scratch, "registry"));
  const tarballs = join(scratch, "tarballs");
  await packAll(cli, tarballs);
  const publish = join(workspaceRoot, "tooling/release/publish.js");
  await runCommand([process.execPath, publish, tarballs, "--rehearse", registry.url], {
    cwd: scratch,
    env: registry.env,
  });
  env = { NPM_CONFIG_USERCONFIG: join(scratch, "npmrc") };
  await writeFile(env.NPM_CONFIG_USERCONFIG, `@otto:registry=${registry.url}\ncache=${join(scratch, "npm-cache")}\n`);
}, installTimeoutMs);
afterAll(async () => {
  await registry[Symbol.asyncDispose]();
  await rm(scratch, { recursive: true });
});

interface Action {
  readonly name: string;
  readonly description: string;
  readonly inputs: Readonly<Record<string, { readonly description: string; readonly default?: string }>>;
  readonly outputs: Readonly<Record<string, { readonly value: string }>>;
  readonly runs: {
    readonly using: string;
    readonly steps: readonly {
      readonly id: string;
      readonly shell: string;
      readonly run: string;
      readonly env: Readonly<Record<string, string>>;
    }[];
  };
}

test(
  "the action's step puts otto on the path of later steps, and says its version",
  async () => {
    const action = parse(await readFile(join(templates, "action.yml"), "utf8")) as Action;
    const [step, ...others] = action.runs.steps;
    expect([action.runs.using, step?.shell, others]).toEqual(["composite", "bash", []]);
    const files = { GITHUB_PATH: join(scratch, "path"), GITHUB_OUTPUT: join(scratch, "output"), RUNNER_TEMP: scratch };
    const inputs = Object.entries(step?.env ?? {}).map(([name, expression]) => {
      const [, input = ""] = /^\$\{\{ inputs\.([\w-]+) \}\}$/.exec(expression) ?? [];
      return [name, action.inputs[input]?.default];
    });
    // As GitHub runs it.
    const shell = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step?.run ?? "false"] as const;
    const around = { ...env, ...files, ...Object.fromEntries(inputs) };
    await runCommand(shell as never, { cwd: scratch, env: around });
    expect(await readFile(files.GITHUB_OUTPUT, "utf8")).toBe(`version=${version}\n`);
    expect(action.outputs.version?.value).toBe(`\${{ steps.${step?.id}.outputs.version }}`);
    const path = (await readFile(files.GITHUB_PATH, "utf8")).trim();
    const printed = await runCommand(["otto", "--version"], {
      cwd: scratch,
      env: { PATH: `${path}:${process.env.PATH}` },
    });
    expect(printed.trim()).toBe(version);
  },
  installTimeoutMs,
);

/** A repository whose pipeline has one job, of the template. */
async function createGitlabRepo(name: string, job: object): Promise<string> {
  const cwd = join(scratch, name);
  await mkdir(join(cwd, "ci"), { recursive: true });
  await copyFile(join(templates, "otto.gitlab-ci.yml"), join(cwd, "ci/otto.gitlab-ci.yml"));
  await writeFile(join(cwd, ".gitlab-ci.yml"), JSON.stringify({ include: "ci/otto.gitlab-ci.yml", job }));
  const author = ["-c", "user.name=otto", "-c", "user.email=otto@example.org"];
  await runCommand(["git", "init", "--quiet"], { cwd });
  await runCommand(["git", "remote", "add", "origin", "git@gitlab.example:otto/pipeline.git"], { cwd });
  await runCommand(["git", "add", "--all"], { cwd });
  await runCommand(["git", ...author, "commit", "--quiet", "--message", "pipeline"], { cwd });
  return cwd;
}

const gitlab = join(workspaceRoot, "tooling/pack/node_modules/.bin/gitlab-ci-local");
const runPipeline = (cwd: string) =>
  runCommand([gitlab, "--force-shell-executor", "--no-shell-isolation", "job"], { cwd, env });

test(
  "a job of GitLab that extends the template runs otto",
  async () => {
    const cwd = await createGitlabRepo("gitlab", {
      extends: ".otto",
      variables: env,
      script: "echo version=$(otto --version)",
    });
    expect(await runPipeline(cwd)).toContain(`version=${version}`);
  },
  installTimeoutMs,
);

test("a template that is no pipeline would be refused", async () => {
  const cwd = await createGitlabRepo("gitlab-refused", { extends: ".otto", script: "true", image: { nome: "x" } });
  await expect(runPipeline(cwd)).rejects.toThrow(/nome|image/);
});
