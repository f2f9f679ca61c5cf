import { startTimer } from "@otto/errors";
import { dockerWords, projectFilter } from "../session/compose-command.js";
import { endableLine } from "../session/endable-command.js";
import type { StackLocation, StackSession } from "../session/stack-session.js";

/** Tells when something happens to a project's containers. */
export interface ContainerEvents {
  /** How many there were since the watch began. */
  readonly count: number;
  /** Whether they have ended, as they do with the engine. */
  readonly isOver: boolean;
  /** Begins to hear them again. */
  watch(): Promise<void>;
  /** When a container last started or ended, as `performance.now()` counts; undefined: not since the watch began. */
  lastChange(id: string): number | undefined;
  /** Waits until there were more than `seen` or they end, at most so long. */
  beyond(seen: number, timeoutMs: number, signal: AbortSignal | undefined): Promise<void>;
}

/** Podman asks for `died` and `remove` by their own names, though it then tells the former as `die`. */
const watched = ["start", "die", "died", "health_status", "oom", "destroy", "remove"];

/** How often a stack is looked at whose events cannot be heard. */
const deafMs = 500;

/**
 * Has the session tell a project's container events until it ends. The engine's events end with the engine: they are then
 * to be watched again.
 */
export async function watchContainers(session: StackSession): Promise<ContainerEvents> {
  const changes = new Map<string, number>();
  let wake = () => {};
  let count = 0;
  let isOver = false;
  session.onLine((line) => {
    const [mark, id, action] = line.split(" ");
    if (mark !== "event" || id === undefined) return;
    if (action === "start" || action === "die") changes.set(id, performance.now());
    if (id === streamEnd) isOver = true;
    else count += 1;
    wake();
  });
  const watch = async () => {
    isOver = false;
    await session.run(watchScript(session));
  };
  await watch();
  return {
    get count() {
      return count;
    },
    get isOver() {
      return isOver;
    },
    watch,
    lastChange: (id) => changes.get(id),
    async beyond(seen, timeoutMs, signal) {
      if (count > seen || signal?.aborted === true) return;
      const woken = sleepUntil(isOver ? Math.min(timeoutMs, deafMs) : timeoutMs, signal, (resolve) => {
        wake = resolve;
      });
      await Promise.race([woken, session.lost]);
    },
  };
}

/** In place of a container's id. */
const streamEnd = "-";

/** What happened in this second is told, too: the client needs a moment until it listens. */
function watchScript({ parent, project }: StackLocation): string {
  const filters = ["type=container", ...watched.map((action) => `event=${action}`)];
  const flags = [projectFilter(project), ...filters.map((filter) => `--filter ${filter}`)].join(" ");
  const line = `${dockerWords(parent)} events --since "$since" ${flags} --format 'event {{.Actor.ID}} {{.Action}}'`;
  // The output of a script ends with it; stderr goes on.
  return `since=$(date +%s); export since
{ ${endableLine(parent.docker.command, line)}; echo 'event ${streamEnd}'; } >&2 2>/dev/null &`;
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
