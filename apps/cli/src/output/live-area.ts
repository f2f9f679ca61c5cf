import { createLogUpdate } from "log-update";
import type { OutputStream } from "../invocation.js";
import { widthOf } from "./fit-text.js";
import type { LiveArea, TerminalSize } from "./reporter.js";

// Fewer looks restless, more can't be read.
const redrawEveryMs = 80;

/** A live area at the end of a terminal, beside which others write. */
export interface TerminalArea extends LiveArea {
  /** Writes something that stays, above the area. */
  aside(write: () => void): void;
  /** Takes the area away until it is disposed. */
  hold(): Disposable;
}

/**
 * Draws again and again, as what is drawn has a spinner and times, and at once when the terminal has another size.
 * @param onClose when it is gone
 */
export function createLiveArea(terminal: OutputStream, onClose: () => void): TerminalArea {
  const update = createLogUpdate(terminal as NodeJS.WriteStream);
  let render: (size: TerminalSize) => readonly string[] = () => [];
  let drawn: { readonly lines: readonly string[]; readonly columns: number } = { lines: [], columns: 0 };
  let holders = 0;
  const size = () => {
    // Of a process that was stopped and goes on, Node's timers come before it learns that the terminal has another size.
    terminal._refreshSize?.();
    return { columns: terminal.columns || 80, rows: terminal.rows || 24 };
  };
  const clear = ({ columns }: TerminalSize) => {
    if (drawn.lines.length > 0 && columns < drawn.columns) clearWrapped(columns);
    else update.clear();
    drawn = { lines: [], columns: 0 };
  };
  /** A terminal that got narrower has wrapped what stood on it: there are more lines to take away than were written. */
  const clearWrapped = (columns: number) => {
    const height = drawn.lines.reduce((sum, line) => sum + Math.max(1, Math.ceil(widthOf(line) / columns)), 0);
    terminal.write(`\u001b[${height}A\r\u001b[J`);
    update.done();
  };
  const draw = () => {
    const now = size();
    if (now.columns < drawn.columns) clear(now);
    const lines = holders > 0 ? [] : render(now);
    if (lines.length === 0) return clear(now);
    update(lines.join("\n"));
    drawn = { lines, columns: now.columns };
  };
  const ticks = setInterval(draw, redrawEveryMs);
  ticks.unref();
  terminal.on("resize", draw);
  let isOpen = true;
  const close = () => {
    if (!isOpen) return;
    isOpen = false;
    clearInterval(ticks);
    terminal.off("resize", draw);
    render = () => [];
    draw();
    update.done();
    onClose();
  };
  const aside = (write: () => void) => {
    clear(size());
    write();
    draw();
  };
  return {
    show: (wanted) => {
      render = wanted;
      if (drawn.lines.length === 0) draw();
    },
    keep: () => {
      const lines = render(size());
      close();
      if (lines.length > 0) terminal.write(`${lines.join("\n")}\n`);
    },
    hold: () => {
      holders += 1;
      draw();
      return {
        [Symbol.dispose]: () => {
          holders -= 1;
          draw();
        },
      };
    },
    leave: (last) => {
      const lines = last(size());
      if (lines.length > 0) aside(() => terminal.write(`${lines.join("\n")}\n`));
    },
    aside,
    [Symbol.dispose]: close,
  };
}
