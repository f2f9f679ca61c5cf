import { OttoError } from "@otto/errors";
import { expect, test } from "vitest";
import { mergeAsTheyCome, mergeByTime, type RowSource } from "./merged-rows.js";

interface Row {
  readonly timestamp: string;
}

/** A source that gives rows of these times, then what is left of it. */
function sourceOf(parent: string, times: string, end: () => Promise<void> = async () => {}): RowSource<Row> {
  async function* rows() {
    for (const timestamp of times) yield { timestamp };
    await end();
  }
  return { parent, rows: rows() };
}

const fail = (code: string) => () => Promise.reject(new OttoError(code, `${code}: no answer`));

async function read(rows: AsyncIterable<Row & { parent?: string }>) {
  const seen: string[] = [];
  try {
    for await (const { parent, timestamp } of rows) seen.push(`${parent}${timestamp}`);
    return { seen };
  } catch (error) {
    return { seen, error };
  }
}

test("rows of several parents come in order of time, and say whose they are", async () => {
  const sources = [sourceOf("a", "157"), sourceOf("b", "2368"), sourceOf("c", "")];
  expect(await read(mergeByTime(sources))).toEqual({ seen: ["a1", "b2", "b3", "a5", "b6", "a7", "b8"] });
});

test.each([
  ["in order of time", mergeByTime<Row>],
  ["as they come", (sources: readonly RowSource<Row>[]) => mergeAsTheyCome(sources, () => {})],
])("one that fails stops no other, %s: its error comes when they have ended", async (_, merge) => {
  const { seen, error } = await read(merge([sourceOf("a", "1", fail("ENGINE_UNREACHABLE")), sourceOf("b", "23")]));
  expect(seen.toSorted()).toEqual(["a1", "b2", "b3"]);
  const failed = [{ parent: "a", code: "ENGINE_UNREACHABLE", message: "ENGINE_UNREACHABLE: no answer" }];
  expect(error).toMatchObject({ code: "ENGINE_UNREACHABLE", details: { failed } });
});

test("who leaves the rows ends the sources that have none yet", async () => {
  let leave = () => {};
  const left = new Promise<void>((resolve) => {
    leave = resolve;
  });
  const rows = mergeAsTheyCome([sourceOf("a", "1"), sourceOf("b", "", () => left)], leave);
  for await (const row of rows) {
    expect(row).toEqual({ timestamp: "1", parent: "a" });
    break;
  }
  await left;
});

test("a reader that is slow loses nothing", async () => {
  const times = Array.from({ length: 2000 }, () => "x").join("");
  const { seen } = await read(mergeAsTheyCome([sourceOf("a", times), sourceOf("b", times)], () => {}));
  expect(seen).toHaveLength(4000);
});
