import { cleanText, quoteWord } from "@otto/errors";
import { ownDirectory, type SetAside, stagedDirectoryScript, type TreePlan, updateTree } from "@otto/remote-tree";
import { upFailed } from "../declared/errors.js";
import { chooseServices } from "../declared/service-choice.js";
import type { PlacedStack } from "../declared/stack.js";
import type { DesiredStack } from "../desired/desired-stack.js";
import { digestKey, formatDigests } from "../desired/digest-cache.js";
import { formatDigest, type ServiceDigest } from "../desired/service-digest.js";
import { buildLabel } from "../observed/observed-images.js";
import { configLabel, digestsFile, networksLabel } from "../observed/observed-stack.js";
import { commitLabel, labelsFile, memberLabel, ownedLabel, userLabel } from "../session/compose-command.js";
import type { StackSession } from "../session/stack-session.js";
import type { StackOrigin, UpOptions } from "./up-options.js";

/** Sends the files that changed, and removes those that went. @param directory of the staged tree */
export async function sendFiles(
  session: StackSession,
  { directory, tree }: { readonly directory: string; readonly tree: TreePlan },
  { signal, onEvent }: Pick<UpOptions, "signal" | "onEvent">,
): Promise<void> {
  const { parent, project } = session;
  const { command: docker, stagingRoot } = parent.docker;
  const totalBytes = bytesOf(tree);
  const aside = await updateTree(
    { shell: session, remoteDir: directory, host: parent.id, docker, stagingRoot },
    counted(tree, (bytes) => onEvent?.({ type: "compose.sending", project, bytes, totalBytes })),
    signal,
  );
  if (aside !== undefined) onEvent?.({ type: "compose.warning", project, message: formatAside(parent.id, aside) });
  onEvent?.({ type: "compose.staged", project, files: tree.send.length, bytes: totalBytes });
}

/** The same plan; `onBytes` gets how many bytes of its files have been read for sending. */
function counted(tree: TreePlan, onBytes: (bytes: number) => void): TreePlan {
  let bytes = 0;
  async function* count(parts: Iterable<Buffer> | AsyncIterable<Buffer>) {
    for await (const part of parts) {
      bytes += part.length;
      onBytes(bytes);
      yield part;
    }
  }
  const send = tree.send.map((entry) =>
    entry.kind === "file" ? { ...entry, read: () => count(entry.read()) } : entry,
  );
  return { ...tree, send };
}

function bytesOf({ send }: TreePlan): number {
  return send.reduce((sum, entry) => sum + (entry.kind === "file" ? entry.size : 0), 0);
}

function formatAside(host: string, { directory, paths }: SetAside): string {
  const names = paths.map((path) => path.replace(/^repo\//, "")).join(", ");
  return `your version replaces what a container wrote: ${cleanText(names)}; the container's version is now in ${host}:${directory}`;
}

/**
 * Writes labels and digests. The labels make compose replace the containers that the plan says, and tell the next plan
 * what they were started from; the digests spare the next `up` of the same files to have compose read them.
 * @param written `pulled`: the services whose images were pulled; `owns`: whether the last holder of a lease takes the stack down
 */
export async function writeLabels(
  session: StackSession,
  stack: PlacedStack,
  {
    directory,
    desired,
    pulled,
    origin,
    owns,
  }: {
    readonly directory: string;
    readonly desired: DesiredStack;
    readonly pulled: ReadonlySet<string>;
    readonly origin?: StackOrigin | undefined;
    readonly owns: boolean;
  },
): Promise<void> {
  const policies = chosenPolicies(stack);
  const common = {
    [memberLabel]: stack.member ?? stack.repo.name,
    ...(origin !== undefined && { [userLabel]: origin.user }),
    ...(origin?.commit !== undefined && { [commitLabel]: origin.commit }),
    ...(owns && { [ownedLabel]: "true" }),
  };
  const labelled = [...desired.digests].map(([name, digest]) => {
    const labels = labelsOf(digest, !desired.builders.has(name), common);
    // Compose would pull it again, without the login.
    const policy = pulled.has(name) ? "missing" : policies.get(name);
    return [name, policy === undefined ? labels : { ...labels, pull_policy: policy }] as const;
  });
  const labels = JSON.stringify({ services: Object.fromEntries(labelled) });
  const write = (path: string, text: string) => {
    const file = quoteWord(`${directory}/${path}`);
    return `printf %s ${quoteWord(text)} >${file}.new && mv -f ${file}.new ${file}`;
  };
  const known = formatDigests(digestKey(stack, desired.tree.wanted), desired.declared);
  const script = [write(labelsFile, labels), write(digestsFile, known)].join(" && ");
  const { exitCode, output } = await session.run(`{ ${script}; } 2>&1`);
  if (exitCode !== 0) throw upFailed(stack, output);
}

/** By service, the `pull_policy` of this `up` where it is another than that of the files. */
function chosenPolicies(stack: PlacedStack): ReadonlyMap<string, string> {
  if (stack.choice?.pull === undefined) return new Map();
  const { services } = chooseServices(stack, []).files;
  return new Map(
    services.flatMap(({ name, hasBuild, pullPolicy }) => {
      return hasBuild || pullPolicy === undefined ? [] : [[name, pullPolicy] as const];
    }),
  );
}

function labelsOf(digest: ServiceDigest, isBuilder: boolean, common: Readonly<Record<string, string>>): object {
  const networks = Object.entries(digest.networks ?? {}).map(([key, { settings }]) => `${key}=${settings}`);
  const labels = {
    ...common,
    [configLabel]: formatDigest(digest),
    ...(networks.length > 0 && { [networksLabel]: networks.join(" ") }),
  };
  return digest.build === "" || !isBuilder ? { labels } : { labels, build: { labels: { [buildLabel]: digest.build } } };
}

/** Notes on the parent whether the last holder of a lease takes the stack down. */
export async function markOwned(session: StackSession, stack: PlacedStack, owned: boolean): Promise<void> {
  const file = `"$dir/${ownDirectory}/owned"`;
  const { exitCode, output } = await session.run(
    `${stagedDirectoryScript(stack.project, stack.parent.docker.stagingRoot, stack.member)}\n${owned ? `: >${file}` : `rm -f ${file}`} 2>&1`,
  );
  if (exitCode !== 0) throw upFailed(stack, output);
}
