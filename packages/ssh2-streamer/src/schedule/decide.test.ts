import { expect, test } from "vitest";
import { type Action, type ConnectionLoad, decide, type Lifetime, type SchedulerState } from "./decide.js";

// "4: s2 l3 y1" is a connection with a limit of 4 that holds two short sessions and three long ones, one of which is lent
// when it is idle. "?": no limit is known. "ik": a session of key k is idle. "p": it waits before it asks again.
function parseConnection(text: string): ConnectionLoad {
  const count = (letter: string) => Number(new RegExp(`${letter}(\\d+)`).exec(text)?.[1] ?? 0);
  return {
    limit: text.startsWith("?") ? Number.POSITIVE_INFINITY : Number.parseInt(text, 10),
    short: count("s"),
    long: count("l"),
    urgent: count("u"),
    lendable: count("y"),
    idle: [...text.matchAll(/i([a-z])/g)].map(([, key = ""]) => key),
    isPaused: / p/.test(text),
  };
}

/** "4: l3, 1: | short, long k": the connections, and the waiters with the keys of what may be lent to them. */
function parse(text: string): SchedulerState {
  const [connections = [], waiters = []] = text.split("|").map(splitList);
  return {
    connections: connections.map(parseConnection),
    waiters: waiters.map((waiter) => {
      const [lifetime, lendKey] = waiter.split(" ");
      return { lifetime: lifetime as Lifetime, lendKey };
    }),
    isConnecting: false,
    dueConnections: 0,
  };
}

function splitList(text: string): string[] {
  return text
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "");
}

function format(action: Action): string {
  switch (action.do) {
    case "open":
      return `open ${action.waiter} on ${action.connection}`;
    case "lend":
      return `lend ${action.connection}.${action.idle} to ${action.waiter}`;
    case "end-idle":
      return `end idle on ${action.connection}`;
    case "connect":
      return `connect: ${action.cause}`;
    case "wait":
      return action.patienceMs === undefined ? "wait" : `wait ${action.patienceMs} ms`;
    case "report-exhausted":
    case "refuse":
      return action.do;
  }
}

const starved = "connect: processes that last hold every session";

test.each([
  ["? : s9 l9 | long", "open 0 on 0"],
  ["1: | short", "open 0 on 0"],
  ["1: s1 | short", "wait 3000 ms"],
  ["1: | long", starved],
  ["1:, 1: | long", "open 0 on 0"],
  ["1: l1, 1: | long", "wait 1000 ms"],
  ["1: l1, 1: | short", "open 0 on 1"],
  ["4: l2 | long", "open 0 on 0"],
  ["4: l3 | long", "wait 1000 ms"],
  ["4: l3 | short", "open 0 on 0"],
  ["4: s4, 4: l2 | long", "open 0 on 1"],
  ["2: s1 u1, 2: s1 | urgent", "open 0 on 1"],
  ["4: l3 | long, short, long", "open 1 on 0"],
  ["2: s2 p, 2: s1 | short", "open 0 on 1"],
  ["2: p | short", "wait"],
])("[%s]: who waits gets a free slot, the last one only for a short command: %s", (state, action) => {
  expect(format(decide(parse(state)))).toBe(action);
});

test.each([
  ["1: l1 | short", starved],
  ["1: s1 | short", "wait 3000 ms"],
  ["2: l1 s1 | short", "wait 3000 ms"],
  ["2: l2, 1: l1 | short", starved],
  ["2: l2, 1: l1 y1 | short", "wait 1000 ms"],
  ["1: l1 y1 | short", starved],
  ["2: l2, 1: | short", "open 0 on 1"],
  ["1: s1 | long", starved],
  ["1:, 1: l1 | long", "wait 1000 ms"],
  ["4: l3 | long", "wait 1000 ms"],
  ["4: s4 | urgent", "connect: a process that holds a session must be ended"],
  [" | short", "connect: the first call"],
  [" | ", "wait"],
  ["4: l4 | ", "wait"],
])("[%s]: a further connection comes where waiting is in vain: %s", (state, action) => {
  expect(format(decide(parse(state)))).toBe(action);
});

test.each([
  ["2: l1 y1 ik s1 | long k", "lend 0.0 to 0"],
  ["2: l1 y1 s1, 2: l2 y2 ij ik | short, long j, long k", "lend 1.0 to 1"],
  ["2: l1 y1 ij s1 | long k", "end idle on 0"],
  ["2: l1 y1 s1, 2: l1 y1 ik s1 | short", "end idle on 1"],
  // All slots are long-lived: the first that is idle is for the command.
  ["2: l2 y2 ik | long k, short", "end idle on 0"],
  ["2: l2 y2 ik | long k, long k", "lend 0.0 to 0"],
  ["2: l2 y2 ik, 2: p | long k, short", "lend 0.0 to 0"],
  ["4: l1 y1 ik | long k", "open 0 on 0"],
])("[%s]: an idle session is lent to one who can use it, else ended: %s", (state, action) => {
  expect(format(decide(parse(state)))).toBe(action);
});

test.each([
  ["0: | short", starved],
  ["0: , 0: | short", "refuse"],
  ["0: , 0: , 1: s1 | short", "refuse"],
])("[%s]: one connection that opens no sessions may be full, two are the server's will: %s", (state, action) => {
  expect(format(decide(parse(state)))).toBe(action);
});

test.each<[string, Partial<SchedulerState>, string]>([
  ["2: l1 s1 | long", { dueConnections: 2 }, "connect: no session became free"],
  ["2: l1 | long", { dueConnections: 2, isConnecting: true }, "wait 1000 ms"],
  ["2: l1 | long, short", { dueConnections: 2 }, "open 1 on 0"],
  ["1: l1 | short", { isConnecting: true }, "wait"],
  [" | short", { isConnecting: true }, "wait"],
])("[%s] with %j: connections are opened one after the other: %s", (state, more, action) => {
  expect(format(decide({ ...parse(state), ...more }))).toBe(action);
});

test("there are 32 connections at most; that waiters are due one more is reported", () => {
  const connections = Array<ConnectionLoad>(32).fill(parseConnection("1: l1"));
  const state = { ...parse(" | long"), connections };
  expect(format(decide({ ...state, dueConnections: 1 }))).toBe("report-exhausted");
  expect(format(decide(state))).toBe("wait 1000 ms");
  expect(format(decide({ ...state, waiters: [{ lifetime: "urgent" }] }))).toBe("wait");
});
