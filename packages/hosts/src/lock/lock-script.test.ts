import { expect, test } from "vitest";
import { parseHolder } from "./lock-script.js";

test("a holder is read with the user and the process that hold the lock", () => {
  const since = new Date(1_700_000_000_000);
  expect(parseHolder("1700000000 1001 4711 ann@desk (process 12)")).toEqual({
    who: "ann@desk (process 12)",
    since,
    uid: 1001,
    pid: 4711,
  });
});

test("a holder that the parent hides has no user", () => {
  expect(parseHolder("1700000000 - - someone")).toEqual({ who: "someone", since: new Date(1_700_000_000_000) });
});

test("a holder's words bring nothing that a terminal obeys", () => {
  expect(parseHolder("1700000000 1001 4711 \u001b[31mann\u001b[0m\u0007").who).toBe("ann");
});
