import { execFile } from "node:child_process";
import { promisify } from "node:util";

const execute = promisify(execFile);

/** What a repo has on this machine's engine: the truth that `otto` is held to. */
export interface EngineState {
  readonly containers: readonly string[];
  readonly networks: readonly string[];
  /** `name:tag` */
  readonly tags: readonly string[];
}

/** Asks the docker client for everything of a repo, by names and labels that hold `name`. */
export async function readEngineState(name: string): Promise<EngineState> {
  const [containers, networks, tags] = await Promise.all([
    list(["ps", "--all", "--format", "{{.Names}}"], name),
    list(["network", "ls", "--format", "{{.Name}}"], name),
    list(["image", "ls", "--format", "{{.Repository}}:{{.Tag}}"], name),
  ]);
  return { containers, networks, tags };
}

/** Removes whatever a test of this repo left. */
export async function clearEngine(name: string): Promise<void> {
  const { containers, networks, tags } = await readEngineState(name);
  if (containers.length > 0) await execute("docker", ["rm", "--force", ...containers]);
  if (networks.length > 0) await execute("docker", ["network", "rm", ...networks]);
  if (tags.length > 0) await execute("docker", ["image", "rm", "--force", ...tags]);
}

async function list(argv: readonly string[], name: string): Promise<string[]> {
  const { stdout } = await execute("docker", argv);
  return stdout
    .split("\n")
    .filter((line) => line.includes(name))
    .sort();
}
