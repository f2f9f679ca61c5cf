import { expect, test } from "vitest";
import { formatEnd, ownerOf, parseClaim, refusal } from "./claim.js";

const now = 1_700_000_100_000;

test("a claim is read with its times as they are by the clock of this machine", () => {
  expect(parseClaim("1000100 1001 1000000 1000190 ann@desk", now)).toEqual({
    ...{ owner: "ann@desk", uid: 1001 },
    since: new Date(now - 100_000),
    until: new Date(now + 90_000),
  });
});

test("one that lasts as long as its client has no end, and an owner may have blanks", () => {
  const claim = parseClaim("1000100 0 1000000 - ann the first@desk", now);
  expect(claim).toMatchObject({ owner: "ann the first@desk", until: undefined });
  expect(formatEnd(claim)).toBe("as long as its client runs");
});

test("an owner's words bring nothing that a terminal obeys, and no words are someone", () => {
  expect(parseClaim("1000100 0 1000000 - \u001b[31mann\u001b[0m\u0007", now).owner).toBe("ann");
  expect(parseClaim("1000100 0 1000000 - ", now).owner).toBe("someone");
});

test("times that are none are now", () => {
  expect(parseClaim("1000100 0 soon 99999999999999999999 ann", now)).toMatchObject({
    since: new Date(now),
    until: new Date(now),
  });
});

test.each([
  ["ann@desk (process 12)", "ann@desk"],
  ["ann@desk", "ann@desk"],
  ["ann (the first)@desk (process 12)", "ann (the first)@desk"],
])("a reservation of %s is %s's", (who, owner) => {
  expect(ownerOf(who)).toBe(owner);
});

test("a refusal names the holder, as the parent knows it too, the end, and what to do", () => {
  const error = refusal({ id: "pepper" }, parseClaim("1000100 7 1000000 1001000 ann@desk", now));
  expect(error.code).toBe("HOST_RESERVED");
  expect(error.message).toBe("pepper is reserved by ann@desk (there: uid 7) until 2023-11-14 22:30:00 UTC");
  expect(error.hint).toContain("otto lab reserve pepper --wait");
  expect(error.details).toEqual({
    ...{ host: "pepper", owner: "ann@desk", uid: 7 },
    ...{ since: "2023-11-14T22:13:20.000Z", until: "2023-11-14T22:30:00.000Z" },
  });
});
