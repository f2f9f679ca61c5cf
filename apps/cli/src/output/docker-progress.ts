import type { Session } from "../session.js";
import { type Board, type BoardEvent, type BoardTitle, followEvent, openBoard } from "./board/board.js";
import { formatBoard } from "./board/board-lines.js";
import { createDockerEventListener } from "./docker-event.js";
import type { Reporter } from "./reporter.js";

/** Where the events of a build, an `up` or a `down` go while it runs; dispose it when it is over. */
export interface DockerProgress extends Disposable {
  readonly onEvent: (event: BoardEvent) => void;
  /** What the events have come to by now. */
  readonly board: Board;
  /** Whether a board shows the events, and stays: nothing it shows needs to be printed again. */
  readonly isWatched: boolean;
  /** Milliseconds since it was opened. */
  readonly elapsedMs: number;
}

/** Opens what shows the events: a board on a terminal, else line by line. */
export async function openDockerProgress(reporter: Reporter, title: BoardTitle): Promise<DockerProgress> {
  const now = () => performance.now();
  const area = await reporter.live();
  const tell = createDockerEventListener(reporter, now);
  let board = openBoard(title, now());
  let ended: number | undefined;
  area?.show((size) => formatBoard(board, { ...size, now: now(), paint: reporter.paint, isLast: ended !== undefined }));
  return {
    onEvent: (event) => {
      board = followEvent(board, event, now());
      if (area === undefined || isBeside(event)) tell(event);
    },
    get board() {
      return board;
    },
    isWatched: area !== undefined,
    get elapsedMs() {
      return (ended ?? now()) - board.began;
    },
    [Symbol.dispose]: () => {
      if (ended !== undefined) return;
      ended = now();
      if (board.rows.size > 0) area?.keep();
      else area?.[Symbol.dispose]();
    },
  };
}

/** Whether results need no lines of their own: the board that shows them stays on the terminal that stdout is, too. */
export function isShownByBoard({ invocation }: Session, { isWatched }: Pick<DockerProgress, "isWatched">): boolean {
  return isWatched && invocation.stdout.isTTY === true;
}

/** Events that no row shows. */
function isBeside({ type }: BoardEvent): boolean {
  return type === "build.warning" || type === "compose.warning" || type === "compose.output";
}
