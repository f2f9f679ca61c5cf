import { expect, test } from "vitest";
import { TransferLog, type TransferProgress } from "./transfer-log.js";

// What docker 26.1.5 said of a push of three layers, shortened.
const pushed = [
  { status: "The push refers to repository [127.0.0.1:5000/a]" },
  { status: "Preparing", progressDetail: {}, id: "aa" },
  { status: "Pushing", progressDetail: { current: 100, total: 300 }, id: "aa" },
  { status: "Layer already exists", progressDetail: {}, id: "bb" },
  { status: "Pushing", progressDetail: { current: 10 }, id: "cc" },
  { status: "Pushing", progressDetail: { current: 310, total: 300 }, id: "aa" },
  { status: "Pushed", progressDetail: {}, id: "aa" },
  { status: "Mounted from b", progressDetail: {}, id: "cc" },
  { status: "a: digest: sha256:0 size: 527" },
];

test("layers are told once each, and bytes as sums that never pass their total", () => {
  const told: TransferProgress[] = [];
  const log = new TransferLog((progress) => told.push(progress));
  for (const line of pushed) log.follow(line as Parameters<TransferLog["follow"]>[0]);
  expect(told).toEqual([
    { type: "bytes", bytes: 100, totalBytes: 300 },
    { type: "layer", layer: "bb", state: "existing" },
    { type: "bytes", bytes: 300, totalBytes: 300 },
    { type: "bytes", bytes: 300, totalBytes: 300 },
    { type: "layer", layer: "aa", state: "transferred" },
    { type: "layer", layer: "cc", state: "existing" },
  ]);
});

test("a pull's layers are told when they are unpacked, and what is there as such", () => {
  const told: TransferProgress[] = [];
  const log = new TransferLog((progress) => told.push(progress));
  for (const status of ["Pulling fs layer", "Download complete", "Pull complete"]) log.follow({ status, id: "aa" });
  log.follow({ status: "Already exists", id: "bb" });
  log.follow({ status: "Extracting", progressDetail: { current: 1, total: 2 }, id: "cc" });
  expect(told).toEqual([
    { type: "layer", layer: "aa", state: "transferred" },
    { type: "layer", layer: "bb", state: "existing" },
  ]);
});

test("each wait before another try is told once", () => {
  const told: TransferProgress[] = [];
  const log = new TransferLog((progress) => told.push(progress));
  for (const seconds of [3, 2]) log.follow({ status: `Retrying in ${seconds} seconds`, progressDetail: {}, id: "aa" });
  log.follow({ status: "Retrying in 3 seconds", progressDetail: {}, id: "bb" });
  log.follow({ status: "Retrying in 1 second", progressDetail: {}, id: "aa" });
  log.follow({ status: "Preparing", progressDetail: {}, id: "bb" });
  for (const id of ["aa", "bb"]) log.follow({ status: "Retrying in 2 seconds", progressDetail: {}, id });
  expect(told).toEqual([
    { type: "retrying", layer: "aa", afterSeconds: 3 },
    { type: "retrying", layer: "bb", afterSeconds: 3 },
    { type: "retrying", layer: "aa", afterSeconds: 2 },
    { type: "retrying", layer: "bb", afterSeconds: 2 },
  ]);
});
