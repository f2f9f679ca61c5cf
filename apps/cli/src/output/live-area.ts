import { startTimer } from "@otto/errors";
import { createLogUpdate } from "log-update";
import type { OutputStream } from "../invocation.js";
import type { LiveArea } from "./reporter.js";

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
 * @param onClose when it is gone
 */
export function createLiveArea(terminal: OutputStream, onClose: () => void): TerminalArea {
  const update = createLogUpdate(terminal as NodeJS.WriteStream);
  let lines: readonly string[] = [];
  let timer: NodeJS.Timeout | undefined;
  let isHeld = false;
  const draw = () => {
    clearTimeout(timer);
    timer = undefined;
    if (lines.length === 0 || isHeld) update.clear();
    else update(lines.join("\n"));
  };
  return {
    columns: (terminal as NodeJS.WriteStream).columns ?? 80,
    show: (wanted) => {
      lines = wanted;
      timer ??= startTimer(draw, redrawEveryMs);
    },
    hold: () => {
      isHeld = true;
      draw();
      return {
        [Symbol.dispose]: () => {
          isHeld = false;
          draw();
        },
      };
    },
    aside: (write) => {
      update.clear();
      write();
      draw();
    },
    [Symbol.dispose]: () => {
      lines = [];
      draw();
      update.done();
      onClose();
    },
  };
}
