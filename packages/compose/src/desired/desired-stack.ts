import {
  isSettled,
  keptDirectories,
  listTree,
  parseSentTree,
  planTree,
  removeTree,
  type TreeListing,
  type TreePlan,
  updateTree,
} from "@otto/remote-tree";
import { upFailed } from "../declared/errors.js";
import { findBuilders } from "../declared/image-reference.js";
import type { PlacedStack, Stack } from "../declared/stack.js";
import type { ObservedStack } from "../observed/observed-stack.js";
import { configCommand } from "../session/compose-command.js";
import { type Compose, runInTree } from "../session/compose-process.js";
import type { StackSession } from "../session/stack-session.js";
import { digestKey, parseDigests } from "./digest-cache.js";
import { withoutBuilding } from "./image-stand-ins.js";
import { requireSent } from "./sent-paths.js";
import { digestServices, type ServiceDigest } from "./service-digest.js";

/** What a stack is to be, beside what is there. */
export interface DesiredStack {
  readonly tree: TreePlan;
  /** By service, what its containers are to be started from, as compose reads the files. */
  readonly declared: ReadonlyMap<string, ServiceDigest>;
  /** The same, but of the images that there are where nothing is built. */
  readonly digests: ReadonlyMap<string, ServiceDigest>;
  /** By service without a build of its own: the one whose build makes the image that it names. */
  readonly builders: ReadonlyMap<string, string>;
  /** Whether compose was asked for it. */
  readonly isNew: boolean;
}

interface DesireOptions {
  readonly observed: ObservedStack;
  readonly listing: TreeListing;
  /** Whether compose may build images. Default true. */
  readonly build?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Everything of this machine that belongs to a stack. */
export function listStack(
  { files }: Stack,
  options: { readonly cacheDir?: string | false | undefined; readonly signal?: AbortSignal | undefined },
): Promise<TreeListing> {
  const directories = [files.projectDirectory, ...files.madeDirectories];
  return listTree([...files.resources, ...files.rewritten], { ...options, directories });
}

/**
 * Has compose read the stack, and digests what it makes of it, unless it read the same files last time. Nothing of the
 * staged tree is changed: files that are not there yet lie in a directory of their own meanwhile.
 * @throws OttoError `COMPOSE_UP_FAILED` with what compose said, `COMPOSE_KEY_UNSUPPORTED`, `COMPOSE_MISSING`
 */
export async function readDesiredStack(
  compose: Compose,
  stack: PlacedStack,
  options: DesireOptions,
): Promise<DesiredStack> {
  const { observed, listing, build = true } = options;
  const { resources, madeDirectories } = stack.files;
  const shipped = resources.filter(({ kind }) => kind === "bind").map(({ remotePath }) => remotePath);
  const wanted = [...listing.entries, ...keptDirectories(listing, observed.sent)];
  const tree = planTree(wanted, observed.sent, [...shipped, ...madeDirectories]);
  const known = parseDigests(observed.digests, digestKey(stack, tree.wanted));
  const builders = findBuilders(stack);
  const declared = known ?? (await readStaged(compose, stack, { ...options, tree, builders }));
  const digests = build ? declared : withoutBuilding(stack, { images: observed.images, builders, digests: declared });
  return { tree, declared, digests, builders, isNew: known === undefined };
}

type DigestOptions = DesireOptions & Pick<DesiredStack, "tree" | "builders">;

async function readStaged(
  compose: Compose,
  stack: PlacedStack,
  options: DigestOptions,
): Promise<Map<string, ServiceDigest>> {
  if (isSettled(options.tree))
    return digestStack(compose, stack, { ...options, directory: options.observed.remoteDir });
  return withScratchTree(compose.session, stack, (directory) => digestStack(compose, stack, { ...options, directory }));
}

/** Runs `read` while the files that compose reads itself lie in a directory of their own on the parent. */
export async function withScratchTree<T>(
  session: StackSession,
  stack: PlacedStack,
  read: (directory: string) => Promise<T>,
): Promise<T> {
  const { parent, files } = stack;
  const { exitCode, output: directory } = await session.run("make_scratch");
  if (exitCode !== 0) throw upFailed(stack, directory);
  const scratch = { shell: session, remoteDir: directory, host: parent.id, docker: parent.docker.command };
  try {
    const readByCompose = files.resources.filter(({ kind }) => composeReads.has(kind));
    const { entries } = await listTree([...readByCompose, ...files.rewritten], {
      directories: [files.projectDirectory],
    });
    await updateTree(scratch, planTree(entries, parseSentTree("")));
    return await read(directory);
  } finally {
    await removeTree(scratch, { volumes: true });
  }
}

const composeReads: ReadonlySet<string> = new Set([
  "compose",
  "extends",
  "include",
  "dotenv",
  "env_file",
  "label_file",
]);

async function digestStack(
  compose: Compose,
  stack: PlacedStack,
  { tree, builders, listing, directory, signal }: DigestOptions & { readonly directory: string },
): Promise<Map<string, ServiceDigest>> {
  const { contentVariables } = stack.files;
  const run = runInTree(compose, stack, directory);
  const argv = (words: readonly string[]) => configCommand(words, stack, directory);
  const model = await run(argv, { signal, joinsStderr: false });
  if (model.exitCode === 0) {
    const source = { directory, manifest: tree.wanted, built: listing.built, builders, contentVariables };
    await requireSent(stack, model.output, { directory, manifest: tree.wanted });
    return digestServices(model.output, source);
  }
  signal?.throwIfAborted();
  throw upFailed(stack, (await run(argv, { signal })).output, { directory });
}
