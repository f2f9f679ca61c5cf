import { expect, test } from "vitest";
import { BuildBoard } from "./build-board.js";

const push = { image: "api", tag: "r.example/api:1", action: "push" } as const;

test("each image has a line with its step, and a bar while bytes move", () => {
  const board = new BuildBoard();
  board.follow({ type: "build.started", image: "api", tag: "t", cause: "c" });
  board.follow({ type: "build.step", image: "worker", step: "[1/2] COPY . /", state: "started" });
  board.follow({ type: "build.step", image: "worker", step: "[1/2] COPY . /", state: "cached" });
  board.follow({ type: "build.sent", image: "worker", bytes: 500_000, totalBytes: 2_000_000 });
  expect(board.lines(100)).toEqual([
    "api     building",
    "worker  █████░░░░░░░░░░░░░░░ 500.0 kB of 2.0 MB  [1/2] COPY . /",
  ]);
  board.follow({ type: "build.sent", image: "worker", bytes: 2_000_000, totalBytes: 2_000_000 });
  board.follow({ type: "registry.started", ...push });
  board.follow({ type: "registry.bytes", ...push, bytes: 0, totalBytes: 10 });
  expect(board.lines(100)).toEqual([
    "api     ░░░░░░░░░░░░░░░░░░░░ 0 B of 10 B  pushing r.example/api:1",
    "worker  [1/2] COPY . /",
  ]);
});

test("a finished image has no line, and no line is as wide as the terminal", () => {
  const board = new BuildBoard();
  board.follow({ type: "build.step", image: "a", step: "[1/2] RUN a very long command", state: "started" });
  expect(board.lines(12)).toEqual(["a  [1/2] RU"]);
  const result = { status: "success", source: "built", pushed: false, message: "t", tag: "t", hash: "h" } as const;
  board.follow({ type: "build.finished", image: "a", result: { ...result, durationMs: 1 } });
  expect(board.lines(12)).toEqual([]);
});

test("below its line stands what the step said last, until the next step", () => {
  const board = new BuildBoard();
  const say = (text: string) => board.follow({ type: "build.output", image: "api", text });
  board.follow({ type: "build.step", image: "api", step: "[2/3] RUN make", state: "started" });
  say("one\ntwo\nthr");
  expect(board.lines(100)).toEqual(["api  [2/3] RUN make", "       one", "       two", "       thr"]);
  say("ee\n\nfour\n10 %\r20 %\n");
  expect(board.lines(100)).toEqual(["api  [2/3] RUN make", "       two", "       three", "       four", "       20 %"]);
  board.follow({ type: "build.step", image: "api", step: "[3/3] RUN x", state: "started" });
  expect(board.lines(100)).toEqual(["api  [3/3] RUN x"]);
});
