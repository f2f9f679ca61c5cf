import type { Reservation } from "@otto/hosts";
import { expect, test } from "vitest";
import { orderHosts } from "./role-hosts.js";

const of = (owner: string): Reservation => ({ owner, uid: 0, since: new Date(0), until: undefined });

test("one's own host goes before those that are free, these before those of others, and silent ones come last", () => {
  const answers = [
    { host: "silent", first: "unknown" },
    { host: "theirs", first: of("eve@desk") },
    { host: "free", first: undefined },
    { host: "free too", first: undefined },
    { host: "mine", first: of("ada@desk") },
  ] as const;
  expect(orderHosts(answers, "ada@desk")).toEqual(["mine", "free", "free too", "theirs", "silent"]);
});
