import { mkdir, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readComposeProject } from "@otto/compose-files";
import { isOttoError } from "@otto/errors";
import { diskReader } from "@otto/lab";
import { askReference } from "../reference-command.js";
import type { Bench, Facts } from "../verb.js";

/** Values in a compose file, a `.env` beside it, and the variables of the shell. */
export interface ConfigInput {
  readonly values: readonly string[];
  readonly dotenv: string | undefined;
  readonly environment: Readonly<Record<string, string>>;
}

/** Compares what `docker compose config` and otto make of values; each one is the image of a service. */
export async function openConfigBench(): Promise<Bench<ConfigInput>> {
  const work = await mkdtemp(join(tmpdir(), "otto-config-"));
  let count = 0;
  return {
    compareAll: (inputs) =>
      Promise.all(
        inputs.map(async (input) => {
          const directory = join(work, `${count++}`);
          await writeProject(directory, input);
          const [ours, reference] = await Promise.all([readOurs(directory, input), readReference(directory, input)]);
          await rm(directory, { recursive: true });
          return { ours, reference };
        }),
      ),
    [Symbol.asyncDispose]: () => rm(work, { recursive: true, force: true }),
  };
}

async function writeProject(directory: string, { values, dotenv }: ConfigInput): Promise<void> {
  await mkdir(directory, { recursive: true });
  const services = values.map((value, index) => `  s${index}: { image: ${JSON.stringify(`x${value}`)} }\n`);
  await writeFile(join(directory, "compose.yml"), `services:\n${services.join("")}`);
  if (dotenv !== undefined) await writeFile(join(directory, ".env"), dotenv);
}

async function readOurs(directory: string, { environment }: ConfigInput): Promise<Facts> {
  const repoRoot = await realpath(directory);
  const source = { files: [join(repoRoot, "compose.yml")], repoRoot, home: repoRoot, projectName: "p", environment };
  try {
    const { services } = await readComposeProject(source, diskReader);
    // The reference prints its own result as a compose file: a dollar is doubled.
    return Object.fromEntries(services.map(({ name, image = "" }) => [name, image.replaceAll("$", "$$$$")]));
  } catch (error) {
    if (!isOttoError(error)) throw error;
    return { refused: "yes" };
  }
}

async function readReference(directory: string, { environment }: ConfigInput): Promise<Facts> {
  const argv = ["docker", "compose", "-p", "p", "config", "--format", "json"];
  const { exitCode, stdout } = await askReference(argv, { cwd: directory, env: { HOME: directory, ...environment } });
  if (exitCode !== 0) return { refused: "yes" };
  const { services } = JSON.parse(stdout.toString()) as { services: Record<string, { image: string }> };
  return Object.fromEntries(Object.entries(services).map(([name, { image }]) => [name, image]));
}
