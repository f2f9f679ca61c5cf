import { startTimer } from "@otto/errors";
import type { Parent } from "@otto/hosts";
import { endableLine } from "./endable-command.js";
import type { ContainerEvents } from "./stack-health.js";
import { dockerWords, projectFilter } from "./stack-observation.js";
import type { StackSession } from "./stack-session.js";

const watched = ["start", "die", "health_status", "oom", "destroy"];

/** Has the session tell a project's container events until it ends. */
export async function watchContainers(
  session: StackSession,
  parent: Parent,
  project: string,
): Promise<ContainerEvents> {
  const changes = new Map<string, number>();
  let wake = () => {};
  let count = 0;
  session.onLine((line) => {
    const [mark, id, action] = line.split(" ");
    if (mark !== "event" || id === undefined) return;
    if (action === "start" || action === "die") changes.set(id, performance.now());
    count += 1;
    wake();
  });
  const filters = ["type=container", ...watched.map((action) => `event=${action}`)];
  const flags = [projectFilter(project), ...filters.map((filter) => `--filter ${filter}`)].join(" ");
  // The output of a script ends with it; stderr goes on.
  const line = `${dockerWords(parent)} events ${flags} --format 'event {{.Actor.ID}} {{.Action}}'`;
  await session.run(`${endableLine(parent.docker.command, line)} >&2 2>/dev/null &`);
  return {
    get count() {
      return count;
    },
    lastChange: (id) => changes.get(id),
    async beyond(seen, timeoutMs, signal) {
      if (count > seen || signal?.aborted === true) return;
      const woken = sleepUntil(timeoutMs, signal, (resolve) => {
        wake = resolve;
      });
      await Promise.race([woken, session.lost]);
    },
  };
}

async function sleepUntil(
  timeoutMs: number,
  signal: AbortSignal | undefined,
  listen: (resolve: () => void) => void,
): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  let onAbort = () => {};
  await new Promise<void>((resolve) => {
    onAbort = resolve;
    listen(resolve);
    timer = startTimer(resolve, timeoutMs);
    signal?.addEventListener("abort", onAbort, { once: true });
  });
  clearTimeout(timer);
  signal?.removeEventListener("abort", onAbort);
}
