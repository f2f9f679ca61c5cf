import { stat } from "node:fs/promises";
import { basename, delimiter, dirname, join, resolve } from "node:path";
import { isOttoError } from "@otto/errors";
import { slug } from "../document/slug.js";
import { readDocument } from "../document/source-document.js";
import type { Repo } from "./repo.js";
import type { RepoSearch } from "./repo-search.js";

// In the order of compose-go's DefaultFileNames and DefaultOverrideFileNames.
const names = ["compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"];
const overrideNames = ["compose", "docker-compose"].flatMap((it) => [`${it}.override.yml`, `${it}.override.yaml`]);

/**
 * The Compose files that `docker compose` would take without `-f`: those of `COMPOSE_FILE`, else the first of its names in the
 * nearest directory upwards, with the override beside it. Those of `COMPOSE_FILE` are not looked at.
 *
 * @returns absolute paths; none where there is no such file
 */
export async function findComposeFiles({ cwd, env }: Pick<RepoSearch, "cwd" | "env">): Promise<readonly string[]> {
  const listed = (env.COMPOSE_FILE ?? "").split(env.COMPOSE_PATH_SEPARATOR || delimiter).filter((path) => path !== "");
  if (listed.length > 0) return listed.map((path) => resolve(cwd, path));
  for (let directory = resolve(cwd); ; directory = dirname(directory)) {
    const [file] = await presentOf(directory, names);
    if (file !== undefined) return [file, ...(await presentOf(directory, overrideNames)).slice(0, 1)];
    if (dirname(directory) === directory) return [];
  }
}

/**
 * The repo of a project that has Compose files and no settings: its images are those that Compose builds, its name is the
 * files' `name`, else that of their directory, its root the clone around them. It has no lab sources.
 *
 * @param files as {@link findComposeFiles} gives them; at least one
 */
export async function composeRepo(files: readonly string[]): Promise<Repo> {
  const directory = dirname(files[0] ?? ".");
  const root = (await cloneAround(directory)) ?? directory;
  const declared = await Promise.all(files.map(readName));
  return {
    name: slug(declared.findLast((name) => name !== undefined) ?? "") || slug(basename(directory)) || "project",
    version: "0.0.0",
    root,
    settingsFile: join(root, ".otto/settings.toml"),
    instructions: [],
    labSources: [],
    docker: { registryUrl: undefined, images: [], composes: files.map((path) => ({ path, profiles: [] })) },
    notes: [`no .otto directory here or above: the stack is that of ${files.join(", ")}`],
  };
}

/** A name with a variable is Compose's to make. */
async function readName(file: string): Promise<string | undefined> {
  try {
    const { data } = await readDocument("CONFIG", file);
    const name = (data as { readonly name?: unknown } | null)?.name;
    return typeof name === "string" && !name.includes("$") ? name : undefined;
  } catch (error) {
    // Reading the stack says what is wrong with it.
    if (!isOttoError(error)) throw error;
    return undefined;
  }
}

async function cloneAround(directory: string): Promise<string | undefined> {
  for (let at = directory; dirname(at) !== at; at = dirname(at)) {
    if ((await presentOf(at, [".git"])).length > 0) return at;
  }
  return undefined;
}

async function presentOf(directory: string, candidates: readonly string[]): Promise<string[]> {
  const present: string[] = [];
  for (const name of candidates) {
    const path = join(directory, name);
    if ((await stat(path).catch(() => undefined)) !== undefined) present.push(path);
  }
  return present;
}
