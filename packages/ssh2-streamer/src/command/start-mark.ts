/** What a command runs first: it says its process id on stdout and stderr, behind whatever the login's profile said. */
export const tellStart = `printf '<otto-process %s>\\n' "$$"; printf '<otto-process %s>\\n' "$$" >&2`;

const mark = /<otto-process (\d+)>\n/;
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
  /** Whether what comes before the mark is passed on. */
  readonly keepsProfile: boolean;
  readonly onStart?: ((pid: number) => void) | undefined;
}

/** Makes the filter of one stream. */
export function createStartFilter({ keepsProfile, onStart }: StartFilterSetting): StartFilter {
  let held: Buffer | undefined = Buffer.alloc(0);
  return {
    push: (chunk) => {
      if (held === undefined) return chunk;
      const whole = Buffer.concat([held, chunk]);
      held = whole;
      const match = mark.exec(whole.toString("latin1"));
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
