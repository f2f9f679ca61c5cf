import { access } from "node:fs/promises";
import { basename, join, posix } from "node:path";
import { type Instruction, readInstructions } from "@otto/build";
import { slug } from "@otto/config";
import { readBoundedFile } from "@otto/errors";
import { parseDocument } from "yaml";

/** An image as a first settings file declares it. Paths with `/`, from the root. */
export interface ImageDraft {
  readonly name: string;
  readonly dockerfile: string;
  readonly context: string;
}

/** The images that otto is to build, and the Dockerfiles that Compose builds. */
export interface ImageDrafts {
  readonly images: readonly ImageDraft[];
  readonly builtByCompose: readonly string[];
}

/**
 * Declares an image for each Dockerfile that no file of the stack builds: Compose makes those. Its context is what another
 * Compose file says, else where its COPY finds its sources.
 */
export async function draftImages(
  root: string,
  dockerfiles: readonly string[],
  { stack, others }: { readonly stack: readonly string[]; readonly others: readonly string[] },
): Promise<ImageDrafts> {
  const built = new Map(await readAllBuilds(root, stack));
  const contexts = new Map(await readAllBuilds(root, others));
  const names = new Set<string>();
  const images: ImageDraft[] = [];
  for (const dockerfile of dockerfiles.filter((path) => !built.has(path))) {
    const name = freeName(nameOf(dockerfile), names);
    names.add(name);
    images.push({ name, dockerfile, context: contexts.get(dockerfile) ?? (await guessContext(root, dockerfile)) });
  }
  return { images, builtByCompose: [...built.keys()] };
}

async function readAllBuilds(root: string, composes: readonly string[]): Promise<Builds> {
  return (await Promise.all(composes.map((path) => readBuilds(root, path)))).flat();
}

type Builds = [dockerfile: string, context: string][];

/** `api/Dockerfile` is api, `Dockerfile.worker` and `worker.Dockerfile` are worker, `Dockerfile` is app. */
function nameOf(dockerfile: string): string {
  const file = basename(dockerfile);
  const suffix =
    /^(?<before>[\w-]+)\.(?:docker|container)file$/i.exec(file)?.groups?.before ?? /\.(.+)$/.exec(file)?.[1];
  const directory = posix.dirname(dockerfile);
  return slug(suffix ?? (directory === "." ? "app" : posix.basename(directory))) || "app";
}

function freeName(name: string, taken: ReadonlySet<string>): string {
  let free = name;
  for (let count = 2; taken.has(free); count += 1) free = `${name}-${count}`;
  return free;
}

/** The context of each Dockerfile that a Compose file builds. */
async function readBuilds(root: string, compose: string): Promise<Builds> {
  const text = await readText(join(root, compose));
  const document = parseDocument(text, { logLevel: "silent" });
  if (document.errors.length > 0) return [];
  const { services } = (document.toJS() ?? {}) as { services?: Record<string, { build?: unknown } | null> };
  return Object.values(services ?? {}).flatMap((service) => {
    const { context, dockerfile } = toBuild(service?.build);
    if (context === undefined || /[$:]/.test(context)) return [];
    const directory = posix.join(posix.dirname(compose), context);
    return [[posix.join(directory, dockerfile), directory.replace(/(?<=.)\/$/, "")]];
  });
}

/** Compose builds from the file's directory where no context is named. */
function toBuild(build: unknown): { readonly context?: string; readonly dockerfile: string } {
  if (typeof build === "string") return { context: build, dockerfile: "Dockerfile" };
  if (typeof build !== "object" || build === null) return { dockerfile: "Dockerfile" };
  const { context = ".", dockerfile } = build as { context?: unknown; dockerfile?: unknown };
  return {
    ...(typeof context === "string" && { context }),
    dockerfile: typeof dockerfile === "string" ? dockerfile : "Dockerfile",
  };
}

async function guessContext(root: string, dockerfile: string): Promise<string> {
  const directory = posix.dirname(dockerfile);
  const sources = readInstructions(await readText(join(root, dockerfile))).flatMap(sourcesOf);
  const isComplete = async (context: string) => {
    const found = sources.map((source) => access(join(root, context, source)));
    return (await Promise.allSettled(found)).every(({ status }) => status === "fulfilled");
  };
  if (await isComplete(directory)) return directory;
  return (await isComplete(".")) ? "." : directory;
}

/** The paths that an instruction takes from the context, as far as they are plain. */
function sourcesOf({ keyword, rest }: Instruction): readonly string[] {
  if (!/^(COPY|ADD)$/.test(keyword) || rest.includes("--from=")) return [];
  const words = rest.split(/\s+/).filter((word) => !word.startsWith("--"));
  return words.slice(0, -1).filter((word) => !/[*?[\]$"<]|:\/\//.test(word));
}

/** Empty when it cannot be read: a draft goes by what is there. */
async function readText(file: string): Promise<string> {
  return readBoundedFile(file).then(String, () => "");
}
