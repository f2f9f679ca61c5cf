import { expect, test } from "vitest";
import { createDockerEventListener } from "./docker-event.js";
import type { JsonRecord, Reporter } from "./reporter.js";

function recorder() {
  const lines: string[] = [];
  const events: JsonRecord[] = [];
  const ignore = () => {};
  const reporter: Reporter = {
    item: ignore,
    heading: ignore,
    progress: (text) => lines.push(text),
    event: (record) => events.push(record),
    bytes: ignore,
    notice: ignore,
    error: ignore,
    result: ignore,
  };
  return { lines, events, listen: createDockerEventListener(reporter) };
}

test("output of builds side by side is told in whole lines, each with its image", () => {
  const { lines, listen } = recorder();
  const output = (image: string, text: string) => listen({ type: "build.output", image, text });
  output("a", "one\ntw");
  output("b", "uno\n");
  output("a", "o\n");
  output("b", "due");
  const result = { status: "success", message: "t", tag: "t", hash: "h", durationMs: 1 } as const;
  listen({ type: "build.finished", image: "b", result });
  listen({ type: "build.finished", image: "a", result });
  expect(lines).toEqual(["a  one", "b  uno", "a  two", "b  due"]);
});

test("a program gets the events as they are", () => {
  const { events, listen } = recorder();
  const event = { type: "build.output", image: "a", text: "tw" } as const;
  listen(event);
  expect(events).toEqual([event]);
});

test("steps are told as they start, and what was sent at the end", () => {
  const { lines, events, listen } = recorder();
  listen({ type: "build.step", image: "a", step: "[1/2] COPY . /", state: "cached" });
  listen({ type: "build.step", image: "a", step: "[2/2] RUN make", state: "started" });
  listen({ type: "build.step", image: "a", step: "[2/2] RUN make", state: "done" });
  listen({ type: "build.sent", image: "a", bytes: 500, totalBytes: 1_230_000 });
  listen({ type: "build.sent", image: "a", bytes: 1_230_000, totalBytes: 1_230_000 });
  const result = { status: "success", message: "t", tag: "t", hash: "h", durationMs: 1 } as const;
  listen({ type: "build.finished", image: "a", result });
  expect(lines).toEqual(["a  [1/2] COPY . / cached", "a  [2/2] RUN make", "a  sent 1.2 MB"]);
  expect(events.filter((event) => event.type === "build.sent")).toEqual([
    { type: "build.sent", image: "a", bytes: 1_230_000, totalBytes: 1_230_000 },
  ]);
});
