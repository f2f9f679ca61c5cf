import { escapeControls } from "@otto/errors";
import type pico from "picocolors";
import { cutText } from "../fit-text.js";
import type { LiveArea, TerminalSize } from "../reporter.js";

/** What is drawn of one of several things that are done side by side. */
export interface StackedBoard {
  readonly name: string;
  /** `left`: what there was to see of it stands above for good. */
  readonly state: "waiting" | "working" | "done" | "failed" | "left";
  /** Of one that works: its lines for a terminal of this size, fewer than that has rows. */
  readonly render?: ((size: TerminalSize) => readonly string[]) | undefined;
}

/** Boards below each other, in one live area. */
export interface BoardStack extends Disposable {
  /** The place of one of them. @param leave does what it is given when what stays of this board is to be written */
  open(board: number, leave: (write: () => void) => void): LiveArea;
  set(board: number, state: "done" | "failed" | "left"): void;
}

/** Draws boards in a live area, which it disposes. @param names of all that are done, in their order */
export function createBoardStack(
  area: LiveArea,
  names: readonly string[],
  paint: ReturnType<typeof pico.createColors>,
): BoardStack {
  const boards: StackedBoard[] = names.map((name) => ({ name, state: "waiting" }));
  const set = (board: number, change: Omit<StackedBoard, "name">) => {
    boards[board] = { name: names[board] ?? "", ...change };
  };
  area.show((size) => formatStack(boards, size, paint));
  return {
    open: (board, leave) => {
      let render: NonNullable<StackedBoard["render"]> = () => [];
      return {
        show: (wanted) => {
          render = wanted;
          set(board, { state: "working", render });
        },
        leave: (last) => area.leave(last),
        keep: () => {
          set(board, { state: "done" });
          leave(() => {
            set(board, { state: "left" });
            area.leave(render);
          });
        },
        [Symbol.dispose]: () => set(board, { state: "waiting" }),
      };
    },
    set: (board, state) => set(board, { state }),
    [Symbol.dispose]: () => area[Symbol.dispose](),
  };
}

/** The boards of running parts, cut to the height of the terminal, then one line for each part that has ended or has not begun. */
export function formatStack(
  boards: readonly StackedBoard[],
  size: TerminalSize,
  paint: ReturnType<typeof pico.createColors>,
): readonly string[] {
  const sums = [
    ...sumUp("failed", `${paint.red("✖")} failed: `),
    ...sumUp("done", `${paint.green("✔")} done: `),
    ...sumUp("waiting", `${paint.dim("·")} waiting: `),
  ];
  const room = Math.max(size.rows - 1 - sums.length, 1);
  const renders = boards.flatMap(({ state, render }) => (state === "working" && render ? [render] : []));
  const whole = renders.map((render) => ({ render, lines: render({ ...size, rows: Number.POSITIVE_INFINITY }) }));
  const shares = shareRows(
    whole.map(({ lines }) => lines.length),
    room,
  );
  const drawn = whole.flatMap(({ render, lines }, index) => {
    const share = shares[index] ?? 0;
    if (lines.length <= share) return lines;
    return share === 0 ? [] : render({ ...size, rows: share + 1 });
  });
  return [...drawn, ...sums].slice(0, Math.max(size.rows - 1, 1));

  function sumUp(wanted: StackedBoard["state"], lead: string): string[] {
    const names = boards.filter(({ state }) => state === wanted).map(({ name }) => name);
    const text = escapeControls(names.join(", "), { line: true });
    // The mark is one column wide.
    const width = size.columns - 1 - `✔ ${wanted}: `.length;
    return names.length === 0 ? [] : [`${lead}${paint.dim(cutText(text, width))}`];
  }
}

/** Divides rows among boards: those that need few get them all, the others the same number each. The first go before the last. */
export function shareRows(needed: readonly number[], room: number): readonly number[] {
  const shares = needed.map(() => 0);
  let left = room;
  let open = [...needed.keys()];
  while (open.length > 0 && left > 0) {
    const even = Math.max(Math.floor(left / open.length), 1);
    const modest = open.filter((index) => (needed[index] ?? 0) <= even);
    const served = modest.length > 0 ? modest : open;
    for (const index of served) {
      const share = Math.min(needed[index] ?? 0, even, left);
      shares[index] = share;
      left -= share;
    }
    open = open.filter((index) => !served.includes(index));
  }
  return shares;
}
