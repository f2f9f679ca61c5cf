import type { Readable } from "node:stream";
import { decodePath } from "@otto/hashing";

export interface Answer {
  readonly text: string;
  readonly exitCode: number;
}

/** What a session says on stdout: states before it is ready, an answer to each command after. */
export interface Answers {
  /** Undefined when stdout ends without one. */
  state(): Promise<string | undefined>;
  next(): Promise<Answer>;
  /** Gets the lines of the answers that come from now on, as they come; undefined: nobody does. */
  onLines: ((lines: Buffer) => void) | undefined;
}

const longestAnswerBytes = 64 << 20;
/** Of a line before the session is ready. */
const longestStateBytes = 1 << 20;

/**
 * Reads a session's stdout. A stream that ends or breaks leaves who waits for an answer to whatever else it waits for.
 * @param onTooLong called once, when more is said than is kept: the session is to be ended
 */
export function readAnswers(stdout: Readable, nonce: string, onTooLong: () => void): Answers {
  const states = createQueue<string | undefined>();
  const answers = createQueue<Answer>();
  let held: Buffer[] = [];
  let heldBytes = 0;
  let isReady = false;
  let isTooLong = false;
  let unfinished = Buffer.alloc(0);
  const readStates = () => {
    const lines = Buffer.concat(held).toString().split("\n");
    const rest = lines.pop() ?? "";
    for (const line of lines) {
      const state = line.startsWith(`${nonce} `) ? line.slice(nonce.length + 1) : "";
      if (state === "") continue;
      isReady ||= state === "ready";
      states.put(state);
    }
    held = rest === "" ? [] : [Buffer.from(rest)];
    heldBytes = rest.length;
  };
  const forward = (chunk: Buffer) => {
    const text = Buffer.concat([unfinished, chunk]);
    const whole = text.lastIndexOf("\n") + 1;
    const mark = text.lastIndexOf(`${nonce} `);
    unfinished = text.subarray(whole);
    const lines = text.subarray(0, mark === -1 ? whole : mark);
    if (lines.length > 0) read.onLines?.(lines);
  };
  const end = new RegExp(`\\n${nonce} (\\d+)\\n$`);
  stdout.on("data", (chunk: Buffer) => {
    if (isTooLong) return;
    held.push(chunk);
    heldBytes += chunk.length;
    if (heldBytes > (isReady ? longestAnswerBytes : longestStateBytes)) {
      isTooLong = true;
      held = [];
      return onTooLong();
    }
    if (!isReady) return readStates();
    if (read.onLines !== undefined) forward(chunk);
    // The end is looked for where it can be: behind what came in the last pieces.
    const tail = Buffer.concat(held.slice(-32)).subarray(-64).toString("latin1");
    const match = end.exec(tail);
    if (match === null) return;
    const whole = Buffer.concat(held);
    held = [];
    heldBytes = 0;
    answers.put({ text: decodePath(whole.subarray(0, whole.length - match[0].length)), exitCode: Number(match[1]) });
  });
  stdout.on("error", () => {});
  if (stdout.closed) states.put(undefined);
  else stdout.once("close", () => states.put(undefined));
  const read: Answers = { state: () => states.take(), next: () => answers.take(), onLines: undefined };
  return read;
}

function createQueue<T>(): { put(value: T): void; take(): Promise<T> } {
  const values: T[] = [];
  const takers: ((value: T) => void)[] = [];
  return {
    put(value) {
      const taker = takers.shift();
      if (taker === undefined) values.push(value);
      else taker(value);
    },
    take: () =>
      new Promise((resolve) => {
        if (values.length === 0) takers.push(resolve);
        else resolve(values.shift() as T);
      }),
  };
}
