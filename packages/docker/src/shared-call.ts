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
 * @param call what it throws is the failure of each parent that has not ended
 * @returns what a caller calls, with what hears the events; rejects with what that threw, too
 */
export function shareCall<Event, Result>(
  call: (outlets: SharedCallOutlets<Event, Result>) => Promise<unknown>,
): (parent: string, onEvent: ((event: Event) => void) | undefined) => Promise<Result> {
  const outlets = new Map<string, Outlet<Event, Result>>();
  const outletOf = (parent: string) => {
    const outlet = outlets.get(parent) ?? createOutlet<Event, Result>();
    outlets.set(parent, outlet);
    return outlet;
  };
  const begin = async () => {
    try {
      await call({
        tell: (parent, event) => outletOf(parent).tell(event),
        end: (parent, result) => outletOf(parent).end(result),
        fail: (parent, error) => outletOf(parent).fail(error),
      });
    } catch (error) {
      for (const outlet of outlets.values()) outlet.fail(error);
      throw error;
    }
  };
  let called: Promise<void> | undefined;
  return async (parent, onEvent) => {
    const outlet = outletOf(parent);
    const guarded = guardListener(onEvent);
    outlet.listen(guarded.tell);
    called ??= begin();
    const over = called.then((): never => {
      throw new TypeError(`${parent} is none of the parents of this call`);
    });
    const result = await Promise.race([outlet.result, over]);
    guarded.throwFailure();
    return result;
  };
}

interface Outlet<Event, Result> {
  readonly result: Promise<Result>;
  end(result: Result): void;
  fail(error: unknown): void;
  tell(event: Event): void;
  /** What came before goes to the first who listens. */
  listen(listener: (event: Event) => void): void;
}

/** What comes from one parent, kept until somebody listens. */
function createOutlet<Event, Result>(): Outlet<Event, Result> {
  let end: (result: Result) => void = () => {};
  let fail: (error: unknown) => void = () => {};
  const result = new Promise<Result>((resolve, reject) => {
    end = resolve;
    fail = reject;
  });
  // A caller that has gone does not hear of it.
  result.catch(() => {});
  const held: Event[] = [];
  const listeners: ((event: Event) => void)[] = [];
  return {
    ...{ result, end, fail },
    tell: (event) => {
      if (listeners.length === 0) held.push(event);
      for (const listener of listeners) listener(event);
    },
    listen: (listener) => {
      listeners.push(listener);
      for (const event of held.splice(0)) listener(event);
    },
  };
}
