/** Lets what is done side by side be told one part after the other: nothing of one stands within another's. */
export interface Turns {
  /**
   * Does it at once when it is this part's turn, else when that comes. Acts of one part keep their order.
   * @returns whether it has been done
   */
  do(part: number, act: () => void): boolean;
  /** Waits until it is this part's turn, which it has until its end. */
  reach(part: number): Promise<void>;
  /** The part has nothing more to tell. */
  end(part: number): void;
  /** From now on a part that has told nothing yet keeps no other that is ready from telling. */
  letPass(): void;
}

interface Part {
  readonly held: (() => void)[];
  /** Called when it is its turn. */
  readonly waiting: (() => void)[];
  state: "silent" | "telling" | "ended" | "told";
}

/** Turns in the order of the parts. @param count how many parts there are */
export function createTurns(count: number): Turns {
  const parts = Array.from({ length: count }, (): Part => ({ held: [], waiting: [], state: "silent" }));
  let mayPass = false;
  let current = parts[0];
  const findNext = () => {
    const untold = parts.filter(({ state }) => state !== "told");
    return mayPass ? untold.find(({ state, waiting }) => state === "ended" || waiting.length > 0) : untold[0];
  };
  const advance = () => {
    while (current === undefined || current.state === "told") {
      current = findNext();
      if (current === undefined) return;
      const { held, waiting, state } = current;
      if (state === "silent" && held.length + waiting.length > 0) current.state = "telling";
      for (const act of held.splice(0)) act();
      for (const go of waiting.splice(0)) go();
      if (state === "ended") current.state = "told";
    }
  };
  const partAt = (index: number): Part => {
    const part = parts[index];
    if (part === undefined) throw new RangeError(`part ${index} of ${count}`);
    return part;
  };
  return {
    do(index, act) {
      const part = partAt(index);
      if (part !== current) {
        part.held.push(act);
        return false;
      }
      if (part.state === "silent") part.state = "telling";
      act();
      return true;
    },
    reach: (index) =>
      new Promise((resolve) => {
        const part = partAt(index);
        if (part !== current) {
          part.waiting.push(resolve);
          return advance();
        }
        part.state = "telling";
        resolve();
      }),
    end(index) {
      const part = partAt(index);
      part.state = part === current ? "told" : "ended";
      advance();
    },
    letPass() {
      mayPass = true;
      if (current?.state === "silent") current = undefined;
      advance();
    },
  };
}
