import { posix } from "node:path";
import { isWithin } from "../disk/local-path.js";
import type { ComposeProject, LocalReader } from "../project.js";
import { matchesKey, otherKeys } from "./keys.js";

/** A path of this machine that Compose would look for in the staged tree, where nothing was sent to. */
export interface UnsentPath {
  /** `services.api.volumes[0].source` */
  readonly key: string;
  /** Relative to the repo root. */
  readonly path: string;
}

export interface SentTree {
  /** Absolute path of the staged tree, as the model has it. */
  readonly directory: string;
  /** Whether what lies in a directory with ignore rules, as a build context, is sent. */
  readonly isListed: (remotePath: string) => boolean;
  readonly repoRoot: string;
}

/**
 * The paths in what `docker compose config` makes of a staged project that were not sent: they stand at keys which
 * `readComposeProject` does not know. Looked at are paths in the staged tree, and words that begin with `./` or `../` and
 * name something on this machine; not those of keys that are known to name nothing which is sent.
 *
 * @param model the parsed output
 */
export async function findUnsentPaths(
  project: ComposeProject,
  model: unknown,
  { reader, ...tree }: SentTree & { readonly reader: LocalReader },
): Promise<UnsentPath[]> {
  const root = posix.resolve(tree.repoRoot);
  const realRoot = (await reader.stat(root))?.realPath ?? root;
  const isUnsent = async (remotePath: string): Promise<boolean> => {
    if (isSent(project, remotePath, tree)) return false;
    // Beside files whose text was changed there is nothing.
    if (isWithin(remotePath, "compose")) return true;
    const entry = await reader.stat(posix.join(root, posix.relative("repo", remotePath)));
    // What may not be sent is refused where it is needed.
    if (entry === undefined || entry.kind === "other" || !isWithin(entry.realPath, realRoot)) return false;
    return !isSent(project, posix.join("repo", posix.relative(realRoot, entry.realPath)), tree);
  };
  const unsent: UnsentPath[] = [];
  for (const { key, whole, words } of modelPaths(project, model, tree.directory)) {
    if (whole !== undefined && isSent(project, whole, tree)) continue;
    for (const path of words) if (await isUnsent(path)) unsent.push({ key, path: posix.relative("repo", path) });
  }
  return unsent;
}

function isSent(
  { resources, rewritten, madeDirectories }: ComposeProject,
  path: string,
  { isListed }: SentTree,
): boolean {
  const isIn = ({ kind, entry, remotePath, ignore }: ComposeProject["resources"][number]) => {
    const isBelow = entry === "directory" && isWithin(path, remotePath);
    const isWhole = kind !== "build" && ignore === undefined;
    return path === remotePath || (isBelow && (isWhole || isListed(path)));
  };
  return (
    resources.some(isIn) || rewritten.some(({ remotePath }) => path === remotePath) || madeDirectories.includes(path)
  );
}

interface ModelPaths {
  readonly key: string;
  /** In the staged tree: the text, if it is a path, and every part of it that is one. */
  readonly whole: string | undefined;
  readonly words: readonly string[];
}

/** Of services that are to run, and of what they have in common. */
function modelPaths(project: ComposeProject, model: unknown, directory: string): ModelPaths[] {
  const enabled = new Set(project.services.filter((service) => service.enabled).map(({ name }) => name));
  const base = posix.join(directory, project.projectDirectory);
  return textsOf(model).flatMap(({ key, text }) => {
    const names = key.filter((word) => typeof word === "string");
    // Of a volume driver's own options Compose resolves what is a path here.
    const isPath = names[0] === "volumes" ? /^\// : /^\.{0,2}\//;
    const pathsOf = (words: readonly string[]) =>
      words
        .filter((word) => isPath.test(word))
        .map((word) => posix.relative(directory, posix.resolve(base, word)))
        .filter((path) => path !== "" && path !== ".." && !path.startsWith("../"));
    const words = pathsOf([...new Set([text, ...text.split(/[=:,]\s*/)])]);
    const isRunning = names[0] !== "services" || enabled.has(names[1] ?? "");
    if (words.length === 0 || !isRunning || otherKeys.some((pattern) => matchesKey(pattern, names))) return [];
    return [{ key: formatKey(key), whole: pathsOf([text])[0], words }];
  });
}

interface ModelText {
  readonly key: readonly (string | number)[];
  readonly text: string;
}

/** Every text but those of extensions. */
function textsOf(value: unknown, key: ModelText["key"] = []): ModelText[] {
  // Printed as a compose file: a dollar is doubled.
  if (typeof value === "string") return [{ key, text: value.replaceAll("$$", "$") }];
  if (Array.isArray(value)) return value.flatMap((item, index) => textsOf(item, [...key, index]));
  if (typeof value !== "object" || value === null) return [];
  const fields = Object.entries(value).filter(([name]) => key.length === 1 || !name.startsWith("x-"));
  return fields.flatMap(([name, below]) =>
    textsOf(key.length === 3 && key[2] === "build" ? fromContext(value, below) : below, [...key, name]),
  );
}

/** A Dockerfile's path starts from the context, the others from the project directory. */
function fromContext(build: { readonly context?: unknown; readonly dockerfile?: unknown }, field: unknown): unknown {
  const { context, dockerfile } = build;
  const isDockerfile = field === dockerfile && typeof field === "string" && /^\.\.?\//.test(field);
  return isDockerfile && typeof context === "string" ? posix.resolve(context, field) : field;
}

function formatKey(key: ModelText["key"]): string {
  return key
    .map((word) => (typeof word === "number" ? `[${word}]` : `.${word}`))
    .join("")
    .slice(1);
}
