import { startTimer } from "@otto/errors";
import type { BoardStack } from "../output/board/board-stack.js";
import { describeError } from "../output/error-text.js";
import { createPartReporter } from "../output/part-reporter.js";
import type { Reporter } from "../output/reporter.js";
import type { Session } from "../session.js";
import { type Part, placeOf } from "./part.js";
import { createTurns, type Turns } from "./turns.js";

/** Where parts are told. */
export interface Stage extends AsyncDisposable {
  readonly turns: Turns;
  reporterOf(part: number, onError: (error: unknown) => void): Reporter;
  end(part: number, isDone: boolean): void;
}

interface StageOptions {
  /** Whether a part that takes long is passed by others. */
  readonly mayPass: boolean;
}

/** Parts that are ready within this time are told in their order, in any case. */
const gatheringMs = 1000;

/** Nothing of a part stands within another's. On a terminal the boards of several parents stand below each other while they run. */
export function openStage({ reporter, options }: Session, parts: readonly Part[], { mayPass }: StageOptions): Stage {
  const turns = createTurns(parts.length);
  const late = mayPass ? startTimer(() => turns.letPass(), gatheringMs) : undefined;
  const ids = parts.map(({ parent }) => parent?.id ?? "");
  const isSeveral = new Set(ids).size > 1;
  const width = Math.max(0, ...ids.map((id) => id.length));
  let opening: Promise<BoardStack | undefined> | undefined;
  let stack: BoardStack | undefined;
  const openStack = async () => {
    const area = await reporter.live();
    if (area === undefined) return undefined;
    const { createBoardStack } = await import("../output/board/board-stack.js");
    stack = createBoardStack(area, namesOf(parts), reporter.paint);
    return stack;
  };
  const inTurn = (part: number) => (act: () => void) => turns.do(part, act);
  const openBoard = async (part: number) => {
    opening ??= openStack();
    return (await opening)?.open(part, inTurn(part));
  };
  return {
    turns,
    reporterOf: (part, onError) => {
      const prefix = isSeveral ? `${ids[part]?.padEnd(width)} | ` : "";
      return createPartReporter(reporter, {
        place: placeOf(parts[part] ?? {}),
        prefix,
        inTurn: inTurn(part),
        // A plan is read from its begin to its end.
        isForPrograms: options.json && !options.dryRun,
        live: () => (isSeveral ? openBoard(part) : reporter.live()),
        onError: (error, isHeld) => {
          onError(error);
          // It is known at once, though it is told later.
          if (isHeld && !mayPass && stack === undefined)
            reporter.progress(`${prefix}failed: ${describeError(error).code}`);
        },
      });
    },
    end(part, isDone) {
      stack?.set(part, isDone ? "done" : "failed");
      turns.do(part, () => stack?.set(part, "left"));
      turns.end(part);
    },
    async [Symbol.asyncDispose]() {
      clearTimeout(late);
      await opening;
      stack?.[Symbol.dispose]();
    },
  };
}

/** Of several repositories, each with its parent. */
function namesOf(parts: readonly Part[]): readonly string[] {
  const isSeveral = new Set(parts.map(({ repo }) => repo?.name)).size > 1;
  return parts.map(({ repo, parent }) => (isSeveral ? `${repo?.name} on ${parent?.id}` : `${parent?.id}`));
}
