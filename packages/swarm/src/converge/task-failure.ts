import type { StackRedactor } from "@otto/compose";
import type { SwarmTask } from "@otto/engine";
import { abortable, cleanText, type Json, startDeadline } from "@otto/errors";
import { nameNode } from "../nodes/match-nodes.js";
import type { ObservedSwarm, SwarmLocation } from "../observed-swarm.js";

/** A service that has not converged, and the task that says why. */
export interface FailedService {
  readonly service: string;
  readonly because: string;
  readonly task: SwarmTask | undefined;
}

/** So many of a task's last lines are told. */
const tailLines = 30;
/** A node that is gone tells no log. */
const logMs = 5000;

/** What is told of a failed roll-out beside its reason: each task's place and last lines, by the swarm's own log. */
export async function describeFailure(
  { parent, project }: SwarmLocation,
  failed: readonly FailedService[],
  {
    observed,
    redactor,
    signal,
  }: {
    readonly observed: ObservedSwarm;
    readonly redactor: StackRedactor;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<{ readonly lines: readonly string[]; readonly details: Readonly<Record<string, Json>> }> {
  const described = await Promise.all(
    failed.map(async ({ service, because, task }) => {
      const node = observed.nodes.find(({ id }) => id === task?.nodeId);
      const where = node === undefined ? "" : nameNode(node);
      const logs = task === undefined ? "" : await readTail(parent, task, { redactor, signal });
      return { service, because, node: where, task: task?.id ?? "", exitCode: task?.exitCode ?? null, logs };
    }),
  );
  const lines = described.flatMap(({ service, because, node, logs }, index) => [
    ...(index === 0 ? [] : [`the service ${service}: ${because}`]),
    ...(node === "" ? [] : [`its task was on ${node}`]),
    ...(logs === "" ? [] : [`the last lines of ${service}:`, ...logs.split("\n").map((line) => `  ${line}`)]),
  ]);
  const service = described[0]?.service ?? "";
  return { lines, details: { host: parent.id, project, service, failed: described } };
}

async function readTail(
  { engine }: SwarmLocation["parent"],
  task: SwarmTask,
  { redactor, signal }: { readonly redactor: StackRedactor; readonly signal: AbortSignal | undefined },
): Promise<string> {
  // It never reached a node, or was refused there: it wrote nothing.
  if (task.containerId === undefined) return "";
  using deadline = startDeadline(logMs, signal);
  const chunks: Buffer[] = [];
  const read = async () => {
    for await (const entries of engine.swarm.readTaskLog(task, { tail: tailLines }, deadline.signal))
      for (const { bytes, endsLine } of entries) chunks.push(bytes, Buffer.from(endsLine ? "\n" : ""));
  };
  // That a log cannot be read must not hide why it was wanted.
  await abortable(read(), deadline.signal).catch(() => undefined);
  const text = cleanText(Buffer.concat(chunks).toString(), await redactor());
  return text.replace(/\n+$/, "");
}
