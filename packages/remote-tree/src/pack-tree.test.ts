import { buffer } from "node:stream/consumers";
import { expect, test } from "vitest";
import { type PackedEntry, packTree } from "./pack-tree.js";

const blockBytes = 512;
const fileOf = (path: string, content = path, mode = 0o644): PackedEntry => ({
  ...{ path, mode, size: Buffer.byteLength(content) },
  read: () => [Buffer.from(content)],
});
/** The fields of the header at the n-th block. */
const headerAt = (tar: Buffer, block: number) => {
  const field = (from: number, to: number) =>
    tar
      .subarray(block * blockBytes + from, block * blockBytes + to)
      .toString("latin1")
      .replace(/[\0 ]+$/, "");
  return {
    name: field(0, 100),
    mode: field(100, 108),
    size: field(124, 136),
    kind: field(156, 157),
    target: field(157, 257),
  };
};

test("files and links have the permissions, sizes and targets that were listed", async () => {
  const tar = await buffer(
    packTree([fileOf("a/b", "12", 0o751), fileOf("none", "", 0), { path: "l", target: "../x" }]),
  );
  expect([0, 2, 3].map((block) => headerAt(tar, block))).toEqual([
    { name: "a/b", mode: "000751", size: "00000000002", kind: "0", target: "" },
    { name: "none", mode: "000000", size: "00000000000", kind: "0", target: "" },
    { name: "l", mode: "000777", size: "00000000000", kind: "2", target: "../x" },
  ]);
});

test("names and targets of other bytes than UTF-8 stand in a record before their entry", async () => {
  const tar = await buffer(packTree([fileOf("caf\udce9"), { path: "l", target: "to\udcfd" }]));
  expect(headerAt(tar, 0).kind).toBe("x");
  expect(tar.subarray(blockBytes).toString("latin1")).toMatch(/^13 path=caf\xe9\n/);
  expect(tar.subarray(5 * blockBytes).toString("latin1")).toMatch(/^9 path=l\n16 linkpath=to\xfd\n/);
});

test.each([
  ["é", "to\udcfd"],
  ["l\udcfd", "é"],
  ["l\udcfd", "x".repeat(101)],
])("a link has one record of names, of which readers know only the last: %j, %j", async (path, target) => {
  const tar = await buffer(packTree([{ path, target }]));
  expect([0, 2].map((block) => headerAt(tar, block))).toMatchObject([{ kind: "x" }, { kind: "2", target: "raw-name" }]);
});

test("more entries than are packed at once come in their order", async () => {
  const names = Array.from({ length: 2500 }, (_, index) => `f${index}`);
  const tar = await buffer(packTree(names.map((name) => fileOf(name))));
  expect(names.map((_, index) => headerAt(tar, 2 * index).name)).toEqual(names);
});

test("what breaks an entry breaks the stream, whoever reads it or not", async () => {
  const broken: PackedEntry = {
    ...{ path: "b", mode: 0o644, size: 2 },
    async *read() {
      yield Buffer.from("1");
      throw new Error("broken");
    },
  };
  await expect(buffer(packTree([fileOf("a"), broken]))).rejects.toThrow("broken");
  packTree([broken]).destroy();
});
