import { expect, test } from "vitest";
import { findLockViolations, type LockEvent } from "./lock-history.js";
import { createRandom, readRandomRun } from "./random.js";

const { count, seed, label } = readRandomRun("OTTO_CASES", 2000);

/** What a lock that is first in, first out gives those who come at random, some of which give up. */
function simulate(random: (limit: number) => number): LockEvent[] {
  const events: LockEvent[] = [];
  let [now, free] = [0, 0];
  for (let n = 0; n < 2 + random(6); n += 1) {
    const who = `client ${n}`;
    const queued = now + 1 + random(3);
    events.push({ who, what: "ask", at: now }, { who, what: "queued", at: queued });
    const held = Math.max(queued, free) + 1;
    const givesUp = queued + random(20);
    if (random(4) === 0 && givesUp < held) events.push({ who, what: "release", at: givesUp });
    else {
      free = held + 1 + random(10);
      events.push({ who, what: "held", at: held }, { who, what: "release", at: free });
      free += random(3);
    }
    now = queued + 1 + random(4);
  }
  return events;
}

const timeOf = (events: readonly LockEvent[], who: string, what: LockEvent["what"]) =>
  events.find((event) => event.who === who && event.what === what)?.at ?? Number.NaN;

test(`what a fair lock does is never refused, whatever order it is written in (${label})`, () => {
  const random = createRandom(seed);
  for (let n = 0; n < count; n += 1) {
    const events = simulate(random).toSorted(() => random(3) - 1);
    expect(findLockViolations(events)).toEqual([]);
  }
});

/** Holders one after the other, where the second asked while the first was waiting in the line. */
function metInLine(events: readonly LockEvent[]): readonly (readonly [LockEvent, LockEvent])[] {
  const holders = events.filter(({ what }) => what === "held").toSorted((a, b) => a.at - b.at);
  const pairs = holders.slice(1).map((second, index) => [holders[index] as LockEvent, second] as const);
  return pairs.filter(([first, second]) => {
    const asked = timeOf(events, second.who, "ask");
    return timeOf(events, first.who, "queued") < asked && asked < first.at;
  });
}

test(`each end that is moved behind the next beginning, and each pair that changes places, is found (${label})`, () => {
  const random = createRandom(seed);
  let found = 0;
  for (let n = 0; n < count; n += 1) {
    const events = simulate(random);
    for (const [first, second] of metInLine(events)) {
      found += 1;
      const isEnd = ({ who, what }: LockEvent) => who === first.who && what === "release";
      const late = events.map((event) => (isEnd(event) ? { ...event, at: second.at + 1 } : event));
      expect(findLockViolations(late)).toContain(`${second.who} has it at ${second.at}, while ${first.who} has it`);
      const other: Readonly<Record<string, string>> = { [first.who]: second.who, [second.who]: first.who };
      const isTurn = ({ what }: LockEvent) => what === "held" || what === "release";
      const swapped = events.map((event) => (isTurn(event) ? { ...event, who: other[event.who] ?? event.who } : event));
      expect(findLockViolations(swapped)).toContain(`${second.who} has it at ${first.at}, before ${first.who}`);
    }
  }
  expect(found).toBeGreaterThan(count / 20);
});

test("one that may have ended before the next begins is none that overlaps, and one that never ends is", () => {
  const turns: LockEvent[] = [
    { who: "ann", what: "held", at: 1 },
    { who: "ann", what: "release", at: 2 },
    { who: "bob", what: "held", at: 2 },
  ];
  expect(findLockViolations(turns)).toEqual([]);
  expect(findLockViolations([...turns, { who: "cyd", what: "held", at: 9 }])).toEqual([
    "cyd has it at 9, while bob has it",
  ]);
});

test("a history in which one has two beginnings is none", () => {
  const twice: LockEvent = { who: "ann", what: "held", at: 1 };
  expect(() => findLockViolations([twice, twice])).toThrow(TypeError);
});
