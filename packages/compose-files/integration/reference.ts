import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { cp, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import {
  type ComposeProject,
  type ComposeSource,
  findUnsentPaths,
  readComposeProject,
  type UnsentPath,
} from "@otto/compose-files";
import { diskReader } from "@otto/lab";
import { expect, onTestFinished } from "vitest";
import { parse } from "yaml";

const run = promisify(execFile);

/** A path to its text; `-> target` makes a link, `~/` is the home, `@REPO@` in a text the repo's place. */
export type Tree = Readonly<Record<string, string>>;

/** A repo and a home beside it, on disk; gone when the test is done. */
export interface Workstation {
  readonly repoRoot: string;
  readonly home: string;
  /** Where the staged tree goes. */
  readonly staged: string;
}

export async function createWorkstation(tree: Tree): Promise<Workstation> {
  const root = await realpath(await mkdtemp(join(tmpdir(), "otto-compose-files-")));
  const [repoRoot, home, staged] = [join(root, "ws/repo"), join(root, "ws/home"), join(root, "parent/staged")];
  onTestFinished(() => rm(root, { recursive: true, force: true }));
  for (const path of [repoRoot, home, staged]) await mkdir(path, { recursive: true });
  for (const [path, text] of Object.entries(tree))
    await write(
      path.startsWith("~/") ? join(home, path.slice(2)) : join(repoRoot, path),
      text.replaceAll("@REPO@", repoRoot),
    );
  return { repoRoot, home, staged };
}

async function write(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  if (text.startsWith("-> ")) await symlink(text.slice(3), path);
  else await writeFile(path, text);
}

export type Options = Partial<Omit<ComposeSource, "files" | "repoRoot" | "home">>;

export function readProject(
  workstation: Workstation,
  files: readonly string[],
  options: Options = {},
): Promise<ComposeProject> {
  const { repoRoot, home } = workstation;
  const given = { environment: {}, projectName: "golden", ...options };
  return readComposeProject({ files: files.map((file) => join(repoRoot, file)), repoRoot, home, ...given }, diskReader);
}

export type Config = Record<string, unknown>;

/** What the installed Compose makes of the files where they are. */
export async function localConfig(
  workstation: Workstation,
  files: readonly string[],
  options: Options = {},
): Promise<Config> {
  const { repoRoot, home } = workstation;
  const { environment = {}, profiles = [], projectDirectory, envFiles = [] } = options;
  const args = [
    ...files.flatMap((file) => ["-f", join(repoRoot, file)]),
    ...profiles.flatMap((profile) => ["--profile", profile]),
    ...envFiles.flatMap((file) => ["--env-file", file]),
    ...(projectDirectory === undefined ? [] : ["--project-directory", projectDirectory]),
  ];
  return compose(args, { cwd: repoRoot, home, environment }, options.services);
}

/** Files of a repo, and what Compose is given with them; `@REPO@` in the project directory is the repo's place. */
export interface Form {
  readonly tree: Tree;
  /** Default: `compose.yml`. */
  readonly files?: readonly string[];
  readonly options?: Options;
}

/** What the installed Compose and we make of a form, in a shell in its repo. */
export async function readForm({ tree, files = ["compose.yml"], options = {} }: Form) {
  const workstation = await createWorkstation(tree);
  const { repoRoot, home } = workstation;
  const environment = { PWD: repoRoot, HOME: home, ...options.environment };
  const projectDirectory = options.projectDirectory?.replace("@REPO@", repoRoot);
  const given = { ...options, environment, ...(projectDirectory === undefined ? {} : { projectDirectory }) };
  const local = await localConfig(workstation, files, given);
  const project = await readProject(workstation, files, given);
  return { workstation, local, project };
}

/** Puts the staged tree where it belongs, as a parent would have it, and asks the installed Compose about that. */
export async function stagedConfig(workstation: Workstation, project: ComposeProject): Promise<Config> {
  await stageProject(project, workstation.staged);
  const config = await readStaged(workstation, project);
  expect(await unsentPaths(workstation, project, config)).toEqual([]);
  return config;
}

/** What the installed Compose makes of a staged tree. */
export function readStaged({ staged }: Workstation, project: ComposeProject): Promise<Config> {
  const args = [
    ...project.commandFiles.flatMap((file) => ["-f", join(staged, file)]),
    ...project.profiles.flatMap((profile) => ["--profile", profile]),
    ...project.envFiles.flatMap((file) => ["--env-file", join(staged, file)]),
    ...["--project-directory", join(staged, project.projectDirectory)],
  ];
  const cwd = join(staged, project.projectDirectory);
  return compose(args, { cwd, home: "/parent-home", environment: project.environment });
}

/** What Compose would look for in the staged tree, and is not in it. */
export function unsentPaths(
  { repoRoot, staged }: Workstation,
  project: ComposeProject,
  model: Config,
): Promise<UnsentPath[]> {
  const isListed = (path: string) => existsSync(join(staged, path));
  return findUnsentPaths(project, model, { directory: staged, isListed, repoRoot, reader: diskReader });
}

export async function stageProject(project: ComposeProject, staged: string): Promise<void> {
  await mkdir(join(staged, project.projectDirectory), { recursive: true });
  for (const { localPath, remotePath } of project.resources) {
    await mkdir(dirname(join(staged, remotePath)), { recursive: true });
    await cp(localPath, join(staged, remotePath), { recursive: true, verbatimSymlinks: true, force: true });
  }
  for (const { remotePath, content } of project.rewritten) {
    await mkdir(dirname(join(staged, remotePath)), { recursive: true });
    await writeFile(join(staged, remotePath), content);
  }
}

interface ComposeCall {
  readonly cwd: string;
  readonly home: string;
  readonly environment: Readonly<Record<string, string>>;
}

async function compose(
  args: readonly string[],
  { cwd, home, environment }: ComposeCall,
  services: readonly string[] = [],
): Promise<Config> {
  const env = { ...environment, PATH: process.env.PATH ?? "", HOME: home };
  // As JSON it is broken where there are keys for ssh (compose-go 2.0 to 2.13).
  const argv = ["compose", "-p", "golden", ...args, "config", "--format", "yaml", ...services];
  const { stdout } = await run("docker", argv, { cwd, env, maxBuffer: 64 * 1024 * 1024 });
  const config = Object.entries(parse(stdout) as Config);
  // Extension fields are printed as they are written.
  return Object.fromEntries(config.filter(([name]) => !name.startsWith("x-")));
}

/** The local configuration with each shipped path replaced by its place in the staged tree. */
export function expectedConfig(config: Config, { staged, repoRoot }: Workstation, project: ComposeProject): Config {
  const outside = project.resources.filter(({ remotePath }) => remotePath.startsWith("outside/"));
  let text = JSON.stringify(config);
  for (const { localPath, remotePath } of outside)
    text = text.replaceAll(`"${localPath}"`, JSON.stringify(join(staged, remotePath)));
  const [root] = [JSON.stringify(repoRoot).slice(1, -1)];
  return JSON.parse(
    text
      .replaceAll(`"${root}"`, JSON.stringify(join(staged, "repo")))
      .replaceAll(`"${root}/`, `"${join(staged, "repo")}/`),
  ) as Config;
}
