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
    live: async () => undefined,
    undisturbed: (ask) => ask(),
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
  const result = {
    status: "success",
    source: "built",
    pushed: false,
    message: "t",
    tag: "t",
    hash: "h",
    durationMs: 1,
  } as const;
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
  const result = {
    status: "success",
    source: "built",
    pushed: false,
    message: "t",
    tag: "t",
    hash: "h",
    durationMs: 1,
  } as const;
  listen({ type: "build.finished", image: "a", result });
  expect(lines).toEqual(["a  [1/2] COPY . / cached", "a  [2/2] RUN make", "a  sent 1.2 MB"]);
  expect(events.filter((event) => event.type === "build.sent")).toEqual([
    { type: "build.sent", image: "a", bytes: 1_230_000, totalBytes: 1_230_000 },
  ]);
});

test("a push is told layer by layer, with its sum and what was there", () => {
  const { lines, events, listen } = recorder();
  const push = { image: "a", tag: "r.example/a:1", action: "push" } as const;
  listen({ type: "registry.started", ...push });
  listen({ type: "registry.layer", ...push, layer: "bb", state: "existing" });
  listen({ type: "registry.bytes", ...push, bytes: 1, totalBytes: 20 });
  listen({ type: "registry.bytes", ...push, bytes: 20, totalBytes: 20 });
  listen({ type: "registry.layer", ...push, layer: "cc", state: "transferred" });
  listen({ type: "registry.done", ...push, digest: "sha256:0", transferred: 1, existing: 1 });
  expect(lines).toEqual([
    "a  pushing r.example/a:1",
    "a  pushed layer cc",
    "a  pushed r.example/a:1 (layers: 1 sent, 1 were there)",
  ]);
  expect(events.filter((event) => event.type === "registry.bytes")).toEqual([
    { type: "registry.bytes", ...push, bytes: 20, totalBytes: 20 },
  ]);
});
