import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { claimRecord, type KeeperRecord, listRecords, readRecord } from "./keeper-record.js";

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "otto-records-"));
});
afterEach(() => rm(directory, { recursive: true }));

const record: KeeperRecord = {
  id: "0123456789abcdef",
  token: "t",
  pid: 4,
  processStart: "5",
  host: "pepper",
  hops: ["gate"],
  user: "ci",
  address: "10.0.9.7:22",
  startedAt: 6,
  persistMs: 7,
};

test("a record is read as it was claimed, and claimed once", async () => {
  const path = join(directory, "f.k");
  expect(await claimRecord({ record, path }, async () => true)).toBe(true);
  expect(await readRecord(path)).toEqual(record);
  const other = { ...record, id: "f".repeat(16) };
  expect(await claimRecord({ record: other, path }, async () => true)).toBe(false);
  expect(await claimRecord({ record: other, path }, async () => false)).toBe(true);
  expect(await listRecords(directory)).toEqual([{ record: other, path }]);
});

test.each<[what: string, content: unknown]>([
  ["nothing", null],
  ["a number", 1],
  ["a list", []],
  ["an id that leads elsewhere", { ...record, id: "../../0123456789" }],
  ["an id that is no text", { ...record, id: ["0123456789abcdef"] }],
  ["no token", { ...record, token: undefined }],
  ["every process", { ...record, pid: -1 }],
  ["the own process group", { ...record, pid: 0 }],
  ["a process id as text", { ...record, pid: "4" }],
  ["hops that are none", { ...record, hops: "gate" }],
  ["a hop without a name", { ...record, hops: [null] }],
  ["no start", { ...record, processStart: undefined }],
])("a file with %s is no record", async (_, content) => {
  const path = join(directory, "f.k");
  await writeFile(path, JSON.stringify(content), { mode: 0o600 });
  expect(await readRecord(path)).toBeUndefined();
  expect(await listRecords(directory)).toEqual([]);
});
