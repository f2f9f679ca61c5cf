import { setImmediate } from "node:timers/promises";
import { expect, test, vi } from "vitest";
import { closedError } from "../route/failure.js";
import type { Connection, Loss } from "../transport/transport.js";
import { SessionScheduler } from "./session-scheduler.js";

const credentials = [{ username: "ada" }] as const;
const endpoint = { name: "pepper", host: "pepper", credentials, hostKey: { knownHosts: [] } } as const;

/** A connection to a server that serves one session at once. */
function fakeConnection(): Connection {
  const listeners: ((loss: Loss) => void)[] = [];
  return {
    isOpen: true,
    sessionLimit: 1,
    onLost: (listener: (loss: Loss) => void) => listeners.push(listener),
    close: async (cause: string) => {
      for (const listener of listeners) listener({ hop: endpoint.name, cause });
    },
  } as unknown as Connection;
}

test("a scheduler that is closed while a further connection is opened leaves no timer, which would hold the process", async () => {
  let fail = (_error: unknown) => {};
  const further = new Promise<Connection>((_, reject) => {
    fail = reject;
  });
  const openings = [Promise.resolve(fakeConnection()), further];
  const scheduler = new SessionScheduler({
    endpoint,
    open: async () => await (openings.shift() ?? further),
    onEvent: () => {},
  });
  await scheduler.acquire("short", undefined);
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  const waiting = scheduler.acquire("urgent", undefined);
  expect(openings).toEqual([]);
  const closing = scheduler.close();
  fail(closedError(endpoint));
  await expect(waiting).rejects.toMatchObject({ code: "SSH_SESSION_CLOSED" });
  await closing;
  await setImmediate();
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});
