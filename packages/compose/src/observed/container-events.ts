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

/** What the engine says happened to a container. */
export interface ContainerChange {
  readonly id: string;
  readonly action: "create" | "start" | "die" | "destroy" | "pause" | "unpause" | "healthy" | "unhealthy";
  /** Without a slash before it. */
  readonly name: string;
  /** Empty where its labels name none. */
  readonly service: string;
  readonly replica: number;
  /** Of `die`, else 0. */
  readonly exitCode: number;
  /** The last line of its log where it ended with another code than 0, of its health check where that fails. As it came. */
  readonly said: string;
}

/** Podman asks for `died` and `remove` by their own names, though it then tells the former as `die`. */
const watched = [
  ...["create", "start", "die", "died", "health_status", "oom", "destroy", "remove", "pause", "unpause"],
];
/** Changes that cannot end a wait for a stack. */
const unawaited: ReadonlySet<string> = new Set(["create", "pause", "unpause"]);

/** Bytes; a person is shown far fewer. */
const longestSaid = 32 << 10;
/** How often a stack is looked at whose events cannot be heard. */
const deafMs = 500;

/**
 * Has the session tell a project's container events until it ends. The engine's events end with the engine: they are then
 * to be watched again.
 */
export async function watchContainers(
  session: StackSession,
  onChange?: (change: ContainerChange) => void,
): Promise<ContainerEvents> {
  const moments = new Map<string, number>();
  let wake = () => {};
  let count = 0;
  let isOver = false;
  session.onLine((line) => {
    const [mark, id] = line.split(" ", 2);
    if (id === undefined || (mark !== "event" && mark !== "change")) return;
    const text = line.slice(`${mark} ${id} `.length);
    const change = mark === "change" ? parseChange(id, text) : undefined;
    if (change !== undefined) onChange?.(change);
    if (mark === "change") return;
    const [action = ""] = parseEvent(text).words;
    if (unawaited.has(action)) return;
    if (action === "start" || action === "die") moments.set(id, performance.now());
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
    lastChange: (id) => moments.get(id),
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

const attribute = (name: string) => `{{json (index .Actor.Attributes "${name}")}}`;
/** JSON, as labels are anybody's. What decides whether something is to be asked stands first. */
const eventFormat = `[{{json .Action}},${[
  // Podman has its own name for the code.
  ...["exitCode", "containerExitCode", "name", "com.docker.compose.service", "com.docker.compose.container-number"],
  "com.docker.compose.oneoff",
]
  .map(attribute)
  .join(",")}]`;

/** The words of {@link eventFormat}, and what follows them. */
function parseEvent(text: string): { readonly words: readonly string[]; readonly said: string } {
  const [json = ""] = /^\[(?:"(?:[^"\\]|\\.)*",?)*\]/.exec(text) ?? [];
  return { words: parseWords(json), said: text.slice(json.length).trim() };
}

/** None where a line was cut, or is no answer of an engine: nobody could catch an error here. */
function parseWords(json: string): readonly string[] {
  try {
    return JSON.parse(json) as readonly string[];
  } catch {
    return [];
  }
}

const changes: Readonly<Record<string, ContainerChange["action"]>> = {
  ...{ create: "create", start: "start", die: "die", died: "die", destroy: "destroy", remove: "destroy" },
  ...{ pause: "pause", unpause: "unpause" },
  ...{ "health_status: healthy": "healthy", "health_status: unhealthy": "unhealthy" },
};

function parseChange(id: string, text: string): ContainerChange | undefined {
  const { words, said } = parseEvent(text);
  const [event = "", dockerCode = "", podmanCode = "", name = "", service = "", number = "", oneOff = ""] = words;
  const action = changes[event];
  if (action === undefined) return undefined;
  const exitCode = action === "die" ? Number(dockerCode || podmanCode) : 0;
  return { id, action, name, service: oneOff === "True" ? "" : service, replica: Number(number || 1), exitCode, said };
}

/**
 * What happened in this second is told, too: the client needs a moment until it listens. Each event is told at once, and
 * once more with what the container said last where it fails.
 */
function watchScript({ parent, project }: StackLocation): string {
  const docker = dockerWords(parent);
  const filters = ["type=container", ...watched.map((action) => `event=${action}`)];
  const flags = [projectFilter(project), ...filters.map((filter) => `--filter ${filter}`)].join(" ");
  const line = `${docker} events --since "$since" ${flags} --format '{{.Actor.ID}} ${eventFormat}'`;
  // The beginning of the line: of a secret that was cut at its front, the rest would not be found.
  const lastLine = `sed -n '/[^[:space:]]/h; \${x;p;}' | head -c ${longestSaid}`;
  const health = "{{with .State.Health}}{{range .Log}}{{println .Output}}{{end}}{{end}}";
  // The output of a script ends with it; stderr goes on.
  return `since=$(date +%s); export since
{ ${endableLine(parent.docker.command, line)} | while IFS= read -r event; do
printf 'event %s\\n' "$event"
id=\${event%% *}
said=
case \${event#* } in
'["die","0",'* | '["die","","0",'*) ;;
'["die",'*) said=$(timeout 5 ${docker} container logs --tail 5 "$id" </dev/null 2>&1) || said= ;;
'["health_status: unhealthy",'*) said=$(timeout 5 ${docker} container inspect --format '${health}' "$id" </dev/null) || said= ;;
esac
[ -z "$said" ] || said=$(printf '%s\\n' "$said" | ${lastLine})
printf 'change %s %s\\n' "$event" "$said"
done; echo 'event ${streamEnd}'; } >&2 2>/dev/null &`;
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
