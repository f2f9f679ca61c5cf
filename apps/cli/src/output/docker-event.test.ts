import pico from "picocolors";
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
    summary: ignore,
    paint: pico.createColors(false),
    bytes: ignore,
    notice: ignore,
    error: ignore,
    result: ignore,
  };
  let time = 0;
  const listen = createDockerEventListener(reporter, () => time);
  const at = (now: number) => {
    time = now;
    return listen;
  };
  return { lines, events, listen, at };
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
  expect(lines).toEqual(["a  one", "b  uno", "a  two", "b  due", "b  built in 0.0 s", "a  built in 0.0 s"]);
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
  expect(lines).toEqual(["a  [1/2] COPY . / cached", "a  [2/2] RUN make", "a  sent 1.2 MB", "a  built in 0.0 s"]);
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

test("a transfer that lasts is told now and then, and its sum at the end", () => {
  const { lines, events, at } = recorder();
  const pull = { type: "compose.pull", project: "p", services: ["web"], state: "downloading" } as const;
  for (let second = 0; second <= 12; second += 0.5)
    at(second * 1000)({ ...pull, bytes: second * 1_000_000, totalBytes: 20_000_000 });
  at(12_100)({ ...pull, bytes: 20_000_000, totalBytes: 20_000_000 });
  at(12_200)({ type: "compose.service", project: "p", service: "web", state: "pulled" });
  expect(lines).toEqual(["web  downloading 5.0 MB of 20.0 MB", "web  downloading 10.0 MB of 20.0 MB", "web  pulled"]);
  expect(events.filter(({ type }) => type === "compose.pull")).toHaveLength(13);
  expect(events.at(-2)).toMatchObject({ bytes: 20_000_000 });
});

test("what happens to a service is one line, as it happens", () => {
  const { lines, listen } = recorder();
  const event = { type: "compose.service", project: "p", service: "web" } as const;
  listen({ ...event, replica: 1, state: "waiting", waitsFor: ["db", "migrate"] });
  listen({ ...event, replica: 2, state: "healthy", afterMs: 3140 });
  listen({ ...event, replica: 1, state: "exited", exitCode: 3, afterMs: 200, detail: "no config" });
  listen({ type: "compose.resource", project: "p", resource: "network", name: "p_default", state: "created" });
  listen({ type: "compose.build", project: "p", service: "web", step: "[2/3] RUN make", state: "cached" });
  expect(lines).toEqual([
    "web  waiting for db, migrate",
    "web.2  healthy after 3.1 s",
    "web  exited (3) after 0.2 s: no config",
    "network p_default  created",
    "web  [2/3] RUN make cached",
  ]);
});
