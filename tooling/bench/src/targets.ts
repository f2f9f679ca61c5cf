import type { Target } from "./check-targets.js";
import { isFar, linkNames } from "./link.js";

const twentyThousand = "20,000 files, 205 MB";
const few = "54 files, 200 MB";
const reached = "20,000 files, 50 of them copied";
const noCache = "20,000 files, no cache";
const sha256sum = "find | xargs -P 2 sha256sum";
const withoutPatterns = "otto without patterns";
const execInSession = "exec in a container, in a session";
const engineSocket = "the engine's socket";

/** What the rows should come to. */
export const targets: readonly Target[] = [
  { area: "start", what: "otto --version", against: "node -e 0", ratio: 1.8 },
  { area: "start", what: "otto --list-hosts", against: "node -e 0", ratio: 3 },
  { area: "start", what: "completing an option", ms: 150 },
  { area: "start", what: "completing an image", ms: 150 },
  { area: "start", what: "completing a host", ms: 150 },
  { area: "start", what: "completing a path of a host, read before", ms: 150 },

  { area: "context", what: "20,000 files, empty cache", against: sha256sum, ratio: 0.6 },
  { area: "context", what: noCache, against: sha256sum, ratio: 0.6 },
  { area: "context", what: noCache, peakBytes: 160e6 },
  { area: "context", what: "20,000 files, warm cache", against: "git status", ratio: 3 },
  { area: "context", what: "ten ignore patterns, no cache", against: withoutPatterns, ratio: 1.15 },
  { area: "context", what: "ten ignore patterns, warm cache", against: withoutPatterns, ratio: 1.15 },
  { area: "context", what: "20 files, no cache", ms: 5 },
  { area: "context", what: "event loop held, 20,000 files", ms: 50 },

  ...delayed({ area: "build", what: `no change, ${few}`, roundTripsAfterHandshake: 3 }),
  { area: "build", what: `no change, ${reached}`, against: "otto, 54 files", ratio: 1.3 },
  { area: "build", what: `a file changed that none copies, ${reached}`, against: "otto, 54 files", ratio: 1.3 },
  { area: "build", what: `first build, ${twentyThousand}`, link: "direct", against: "docker over ssh", ratio: 0.54 },

  { area: "stack", what: "up, 30 services", link: "direct", against: "ssh docker compose", ratio: 1.15 },
  { area: "stack", what: "down, 30 services", link: "direct", against: "ssh docker compose", ratio: 1.15 },
  ...delayed({ area: "stack", what: "unchanged up, 6 services", roundTripsAfterHandshake: 6 }),

  { area: "tree", what: "unchanged up, 10,000 files", against: "otto without the tree", moreMs: 300 },

  { area: "exec", what: execInSession, link: "direct", ms: 12 },
  { area: "exec", what: execInSession, link: "direct", against: engineSocket, ratio: 0.2 },
  ...delayed({ area: "exec", what: execInSession, roundTripsAfterHandshake: 2 }),
  {
    area: "exec",
    what: "100 execs in a container at once, in a session",
    link: "direct",
    against: engineSocket,
    ratio: 1.3,
  },
  { area: "exec", what: "run in a container, in a session", link: "direct", ms: 5 },
  ...delayed({ area: "exec", what: "exec in a container, a command", roundTripsAfterHandshake: 4 }),
  { area: "exec", what: "exec on the parent, a command, connection persists", link: "direct-50", ms: 250 },

  {
    area: "files",
    what: "put 10,000 files into a container",
    link: "direct",
    against: "docker cp over ssh (ControlMaster)",
    ratio: 1.2,
  },
  {
    area: "files",
    what: "get 256 MB from a container",
    link: "direct",
    against: "scp from the parent (ControlMaster)",
    ratio: 1.22,
  },

  { area: "logs", what: "logs of 100 MB", link: "direct", against: "docker over ssh (ControlMaster)", ratio: 1.4 },

  ...delayed({ area: "ps", what: "docker ps", roundTripsAfterHandshake: 2 }),
  {
    area: "ps",
    what: "docker ps, connection persists",
    link: "direct-50",
    against: "docker over ssh (ControlMaster)",
    ratio: 1,
  },

  { area: "ssh", what: "sendTree, 512 MB", link: "direct", against: "bare ssh2, cat >/dev/null", ratio: 1.2 },
];

/** The target on each link with a delay. */
function delayed(target: Omit<Target, "link">): readonly Target[] {
  return linkNames.filter(isFar).map((link) => ({ ...target, link }));
}
