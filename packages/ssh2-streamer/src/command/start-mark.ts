/** Where a command says its process id first. A terminal has one stream for both outputs. */
export type StartOutputs = "both" | "terminal";

const tellPid = "printf '<otto-process %s>\\n' \"$$\"";

/** What a command runs first: it says its process id, behind whatever the login's profile said. */
export const tellStart: Readonly<Record<StartOutputs, string>> = {
  both: `${tellPid}; ${tellPid} >&2`,
  terminal: tellPid,
};

const mark = /<otto-process (\d+)>\r?\n/;
/** What may be the beginning of a mark. */
const markStart = /<[a-z-]{0,12}( \d{0,10}(>\r?)?)?$/;
const maxProfileBytes = 64 << 10;

/** Takes the mark of a start out of a stream. */
export interface StartFilter {
  /** What is to be passed on now. */
  push(chunk: Buffer): Buffer;
  /** What is still held when the stream ends without a mark. */
  flush(): Buffer;
  /** What came without a mark so far: at most 64 KiB; undefined once there was one, or more than that. */
  readonly held: Buffer | undefined;
}

export interface StartFilterSetting {
  /** Whether what comes before the mark is passed on at once, as a person at a terminal needs it. Default false: with the mark. */
  readonly isTerminal?: boolean | undefined;
  /** Whether what comes before the mark is passed on. */
  readonly keepsProfile: boolean;
  readonly onStart?: ((pid: number) => void) | undefined;
}

/** Makes the filter of one stream. */
export function createStartFilter(setting: StartFilterSetting): StartFilter {
  const { isTerminal = false, keepsProfile, onStart } = setting;
  let held: Buffer | undefined = Buffer.alloc(0);
  return {
    push: (chunk) => {
      if (held === undefined) return chunk;
      const whole = Buffer.concat([held, chunk]);
      held = whole;
      const text = whole.toString("latin1");
      const match = mark.exec(text);
      if (match === null && isTerminal) {
        const start = markStart.exec(text)?.index ?? whole.length;
        held = whole.subarray(start);
        return whole.subarray(0, start);
      }
      if (match === null && whole.length <= maxProfileBytes) return Buffer.alloc(0);
      held = undefined;
      if (match === null) return whole;
      onStart?.(Number(match[1]));
      const rest = whole.subarray(match.index + match[0].length);
      return keepsProfile ? Buffer.concat([whole.subarray(0, match.index), rest]) : rest;
    },
    flush: () => held ?? Buffer.alloc(0),
    get held() {
      return held;
    },
  };
}
