import { Readable } from "node:stream";
import { createStackRedactor, type StackSession, type UpEvent } from "@otto/compose";
import type { ContentKind } from "@otto/engine";
import { abortable, cleanText, OttoError, quoteCommand, quoteWord } from "@otto/errors";
import type { NamedContent } from "./model/content-names.js";
import type { StackFile } from "./model/stack-file.js";
import { type ObservedSwarm, stackFilter, swarmName } from "./observed-swarm.js";
import type { SwarmStack } from "./swarm-stack.js";

export interface DeployOptions {
  readonly file: StackFile;
  readonly contents: readonly NamedContent[];
  readonly before: ObservedSwarm;
  /** Whether services that are not in the file are removed. */
  readonly prunes: boolean;
  /** Services that are there as declared, and whose tasks are replaced all the same. */
  readonly forced: readonly string[];
  readonly signal?: AbortSignal | undefined;
  readonly onEvent: (event: UpEvent) => void;
}

/**
 * Makes the configs and secrets that are missing, and has the parent's docker client deploy the file, which goes by stdin.
 * @throws OttoError `SWARM_DEPLOY_FAILED` with what the docker client said
 */
export async function deploy(session: StackSession, stack: SwarmStack, options: DeployOptions): Promise<void> {
  const { file, prunes, forced, signal, onEvent } = options;
  const { parent, project } = stack;
  await createContents(stack, options);
  const words = [
    ...[...parent.docker.command, "stack", "deploy", "--compose-file", "-"],
    ...(prunes ? ["--prune"] : []),
    // Each image has been resolved; what the parent's own login can pull, its nodes may.
    ...["--resolve-image", "never", "--with-registry-auth"],
    project,
  ];
  const update = [
    ...parent.docker.command,
    "service",
    "update",
    "--detach",
    "--force",
    "--no-resolve-image",
    "--quiet",
  ];
  const forcing = forced.map((service) => ` && ${quoteCommand([...update, swarmName(project, service)])}`);
  const input = Readable.from([Buffer.from(file.text)]);
  const script = `{ ${quoteCommand(words)}${forcing.join("")}; } 2>&1`;
  const { exitCode, output } = await abortable(session.run(script, { input }), signal);
  const said = cleanText(output, await createStackRedactor(stack)());
  if (exitCode === 0) return onEvent({ type: "compose.started", project, output: said });
  const reason = said.trim().split("\n").at(-1) || "it said nothing";
  throw new OttoError("SWARM_DEPLOY_FAILED", `docker stack deploy of ${project} on ${parent.id}: ${reason}`, {
    hint: hintFor(reason),
    details: { host: parent.id, project, output: said },
  });
}

/** By the docker client's words (26.1). */
function hintFor(reason: string): string | undefined {
  if (/update out of sequence/.test(reason)) return "Somebody else deploys it by another manager: run it again.";
  if (/ could not be found. You need to create a swarm-scoped network/.test(reason))
    return "Create it on a manager first: `docker network create --driver overlay NAME`.";
  return undefined;
}

async function createContents(
  { parent, project }: SwarmStack,
  { contents, before, signal }: Pick<DeployOptions, "contents" | "before" | "signal">,
): Promise<void> {
  const there = { config: before.configs, secret: before.secrets };
  const listNames = async (kind: ContentKind) =>
    (await parent.engine.swarm.contents(kind, stackFilter(project), signal)).map(({ name }) => name);
  const missing = contents.filter(({ kind, name }) => !there[kind].some((one) => one.name === name));
  for (const { kind, name, labels, data } of missing) {
    const id = await parent.engine.swarm.createContent(kind, { name, labels, data }, signal);
    // Another manager may have made it meanwhile.
    if (id !== undefined || (await listNames(kind)).includes(name)) continue;
    const message = `deploying ${project}: there is a ${kind} ${name} that is not of this stack`;
    throw new OttoError("SWARM_DEPLOY_FAILED", message, {
      hint: `Look at it on a manager: \`docker ${kind} inspect ${quoteWord(name)}\`.`,
      details: { host: parent.id, project, kind, name },
    });
  }
}

/** Removes configs and secrets of the stack that no service has any more, after a roll-out that went well. */
export async function removeUnused(
  { parent }: SwarmStack,
  {
    before,
    contents,
    signal,
  }: {
    readonly before: ObservedSwarm;
    readonly contents: readonly NamedContent[];
    readonly signal?: AbortSignal | undefined;
  },
): Promise<void> {
  const wanted = new Set(contents.map(({ kind, name }) => `${kind} ${name}`));
  for (const kind of ["config", "secret"] as const) {
    const there = kind === "config" ? before.configs : before.secrets;
    for (const { id } of there.filter((one) => !wanted.has(`${kind} ${one.name}`))) {
      // A service that still has it keeps it; another one may, that nobody asked for.
      await parent.engine.swarm.removeContent(kind, id, signal).catch(() => undefined);
    }
  }
}
