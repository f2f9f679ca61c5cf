import { OttoError } from "@otto/errors";
import type { Parent } from "@otto/hosts";
import { expect, test } from "vitest";
import { eachPart } from "./each-part.js";

const partsOf = (ids: string) => ids.split("").map((id) => ({ parent: { id } as Parent }));

/** Work that fails on these parents. */
const failingOn =
  (ids: string, error = (id: string): unknown => new OttoError(`ON_${id.toUpperCase()}`, `${id} is down`)) =>
  async ({ parent }: { readonly parent: Parent }) => {
    if (ids.includes(parent.id)) throw error(parent.id);
    return parent.id;
  };

test("results come in the order of the parts, whoever is done first", async () => {
  const ends: (() => void)[] = [];
  const work = ({ parent }: { readonly parent: Parent }) =>
    new Promise<string>((resolve) => {
      ends.unshift(() => resolve(parent.id));
      if (ends.length === 3) for (const end of ends) end();
    });
  expect(await eachPart(partsOf("abc"), work)).toEqual(["a", "b", "c"]);
});

test.each([1, 2, 7])("no more than %i are worked on at the same time", async (limit) => {
  let working = 0;
  const counts: number[] = [];
  await eachPart(
    partsOf("abcdefghij"),
    async () => {
      working += 1;
      counts.push(working);
      await new Promise((resolve) => setImmediate(resolve));
      working -= 1;
    },
    { limit },
  );
  expect([counts.length, Math.max(...counts)]).toEqual([10, limit]);
});

test("of one part alone it is the error that it threw", async () => {
  const own = new OttoError("ON_A", "a is down");
  await expect(eachPart(partsOf("a"), () => Promise.reject(own))).rejects.toBe(own);
});

test("one that fails stops no other, and keeps its code", async () => {
  const done: string[] = [];
  const work = failingOn("b");
  const all = eachPart(partsOf("abc"), async (part) => {
    done.push(await work(part));
  });
  const failed = [{ parent: "b", code: "ON_B", message: "b is down" }];
  await expect(all).rejects.toMatchObject({ code: "ON_B", message: "b is down", details: { failed } });
  expect(done).toEqual(["a", "c"]);
});

test("several that fail are named in one error, whose cause is the first", async () => {
  const failed = [
    { parent: "a", code: "ON_A", message: "a is down" },
    { parent: "c", code: "ON_C", message: "c is down" },
  ];
  await expect(eachPart(partsOf("abc"), failingOn("ac"))).rejects.toMatchObject({
    code: "LAB_PARTS_FAILED",
    message: "2 of 3 parents failed\na: a is down\nc: c is down",
    details: { failed },
    cause: { code: "ON_A" },
  });
});

test("what is no error of otto goes before those", async () => {
  const own = new TypeError("a mistake");
  const work = failingOn("ab", (id) => (id === "b" ? own : new OttoError("ON_A", "a is down")));
  await expect(eachPart(partsOf("abc"), work)).rejects.toBe(own);
});

test("after an abort nothing more is begun, and what has begun is waited for", async () => {
  const controller = new AbortController();
  const reason = new Error("called off");
  const begun: string[] = [];
  const ended: string[] = [];
  const work = async ({ parent }: { readonly parent: Parent }) => {
    begun.push(parent.id);
    if (parent.id === "b") controller.abort(reason);
    await new Promise((resolve) => setImmediate(resolve));
    ended.push(parent.id);
  };
  await expect(eachPart(partsOf("abcd"), work, { limit: 2, signal: controller.signal })).rejects.toBe(reason);
  expect([begun, ended]).toEqual([
    ["a", "b"],
    ["a", "b"],
  ]);
});
