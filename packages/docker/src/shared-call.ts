import { guardListener } from "@otto/errors";

/** Where what comes of a call for several parents goes, by their ids. What has ended stays as it is. */
export interface SharedCallOutlets<Event, Result> {
  readonly tell: (parent: string, event: Event) => void;
  readonly end: (parent: string, result: Result) => void;
  readonly fail: (parent: string, error: unknown) => void;
}

/**
 * One call on several parents, for callers that each work on one. It begins with the first of them; each gets the events and the
 * result of its own parent, as soon as these are there.
 * @param parents ids; for each asks one caller, once
 * @param call what it throws is the failure of each parent that has not ended
 * @returns what a caller calls, with what hears the events; rejects with what that threw, too
 */
export function shareCall<Event, Result>(
  parents: readonly string[],
  call: (outlets: SharedCallOutlets<Event, Result>) => Promise<unknown>,
): (parent: string, onEvent: ((event: Event) => void) | undefined) => Promise<Result> {
  const outlets = new Map(parents.map((parent) => [parent, createOutlet<Event, Result>()]));
  let isBegun = false;
  const begin = async () => {
    isBegun = true;
    try {
      await call({
        tell: (parent, event) => outlets.get(parent)?.tell(event),
        end: (parent, result) => outlets.get(parent)?.end(result),
        fail: (parent, error) => outlets.get(parent)?.fail(error),
      });
    } catch (error) {
      for (const outlet of outlets.values()) outlet.fail(error);
    }
  };
  return async (parent, onEvent) => {
    const outlet = outlets.get(parent);
    if (outlet === undefined) throw new TypeError(`${parent} is none of the parents of this call`);
    const guarded = guardListener(onEvent);
    outlet.listen(guarded.tell);
    if (!isBegun) void begin();
    const result = await outlet.result;
    guarded.throwFailure();
    return result;
  };
}

/** What comes from one parent, kept until somebody listens. */
function createOutlet<Event, Result>() {
  let end: (result: Result) => void = () => {};
  let fail: (error: unknown) => void = () => {};
  const result = new Promise<Result>((resolve, reject) => {
    end = resolve;
    fail = reject;
  });
  // A caller that has gone does not hear of it.
  result.catch(() => {});
  const held: Event[] = [];
  let tell = (event: Event): void => {
    held.push(event);
  };
  return {
    ...{ result, end, fail },
    tell: (event: Event) => tell(event),
    listen: (listener: (event: Event) => void) => {
      tell = listener;
      for (const event of held.splice(0)) listener(event);
    },
  };
}
