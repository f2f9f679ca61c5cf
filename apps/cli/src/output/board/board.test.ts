import type { ServiceEvent } from "@otto/docker";
import pico from "picocolors";
import { expect, test } from "vitest";
import { type Board, type BoardEvent, followEvent, openBoard } from "./board.js";
import { formatBoard, formatTransfer } from "./board-lines.js";

const paint = pico.createColors(false);
const title = { verb: "up", repo: "shop", parent: "pepper (via gate)" } as const;

/** Events at times, in milliseconds, and the board that they make. */
function boardOf(...events: readonly (readonly [number, BoardEvent])[]): Board {
  return events.reduce((board, [now, event]) => followEvent(board, event, now), openBoard(title, 0));
}

const service = (name: string, state: ServiceEvent["state"], more: Partial<ServiceEvent> = {}): BoardEvent => ({
  ...{ type: "compose.service", project: "p", service: name, replica: 1, state },
  ...more,
});
const create = (name: string) => ({ do: "create", service: name, cause: "c", after: [] }) as never;
const leave = (name: string) => ({ do: "leave", service: name, cause: "c", after: [] }) as never;
const planned = (...steps: never[]): BoardEvent => ({ type: "compose.planned", project: "p", steps });
const result = { pushed: false, message: "t", tag: "r.example/shop-api:1", hash: "h" } as const;

const build = (image: string) => ({ type: "compose.build", project: "p", service: image }) as const;
const pull = { type: "compose.pull", project: "p", services: ["big"], state: "downloading" } as const;

/** In the middle of an `up`. */
const middle = boardOf(
  [0, { type: "build.started", image: "api", tag: "t", cause: "c" }],
  [100, { type: "build.sent", image: "api", bytes: 191, totalBytes: 191 }],
  [
    4200,
    {
      type: "build.finished",
      image: "api",
      result: { ...result, status: "success", source: "built", durationMs: 4200 },
    },
  ],
  [
    4200,
    {
      type: "build.finished",
      image: "tools",
      result: { ...result, status: "skipped", source: "present", durationMs: 9 },
    },
  ],
  [4300, planned(create("db"), create("web"), create("big"), create("bad"), leave("cache"))],
  [5000, { type: "compose.service", project: "p", service: "web", state: "building" }],
  [5000, { ...build("web"), step: "[2/3] RUN make", state: "started" }],
  [5100, { type: "compose.build-output", project: "p", service: "web", text: "cc \u001b[31mmain.c" }],
  [5000, { type: "compose.service", project: "p", service: "big", state: "pulling" }],
  [6000, { ...pull, bytes: 2_000_000, totalBytes: 10_000_000 }],
  [7000, { ...pull, bytes: 4_000_000, totalBytes: 10_000_000 }],
  [7000, service("db", "healthy", { afterMs: 3100 })],
  [7000, service("bad", "restarting", { exitCode: 3, afterMs: 200, detail: "cannot find \u001b]0;x\u0007config" })],
  [7100, service("web", "waiting", { replica: 2, waitsFor: ["db", "migrate"] })],
);

test("in 80 columns each image and service has a line with what it is at", () => {
  expect(formatBoard(middle, { columns: 80, now: 8000, paint })).toMatchInlineSnapshot(`
    [
      "⠋ up shop on pepper (via gate) · 2 of 6 up  8.0 s",
      "✔ image api    built in 4.2 s, sent 191 B → r.example/shop-api:1",
      "✔ image tools  cached → r.example/shop-api:1",
      "⠋ image web    [2/3] RUN make                                             3.0 s",
      "               cc \\u001b[31mmain.c",
      "✔ db           healthy after 3.1 s",
      "· web          its image is built",
      "⠋ big          4.0 MB of 10.0 MB, 2.0 MB/s, 3.0 s left  pulling           3.0 s",
      "✖ bad          restarting (3) after 0.2 s: cannot find \\u001b]0;x\\u0007config",
      "✔ cache        unchanged",
      "· web.2        waiting for db, migrate",
    ]
  `);
});

test("in 120 columns", () => {
  expect(formatBoard(middle, { columns: 120, now: 8000, paint })).toMatchInlineSnapshot(`
    [
      "⠋ up shop on pepper (via gate) · 2 of 6 up  8.0 s",
      "✔ image api    built in 4.2 s, sent 191 B → r.example/shop-api:1",
      "✔ image tools  cached → r.example/shop-api:1",
      "⠋ image web    [2/3] RUN make                                                                                     3.0 s",
      "               cc \\u001b[31mmain.c",
      "✔ db           healthy after 3.1 s",
      "· web          its image is built",
      "⠋ big          ████████░░░░░░░░░░░░ 4.0 MB of 10.0 MB, 2.0 MB/s, 3.0 s left  pulling                              3.0 s",
      "✖ bad          restarting (3) after 0.2 s: cannot find \\u001b]0;x\\u0007config",
      "✔ cache        unchanged",
      "· web.2        waiting for db, migrate",
    ]
  `);
});

test("in 40 columns the names stay, and what does not fit is cut", () => {
  const lines = formatBoard(middle, { columns: 40, now: 8000, paint });
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(40);
  expect(lines).toMatchInlineSnapshot(`
    [
      "⠋ up shop on pepper · 2 of 6 up  8.0 s",
      "✔ image api    built in 4.2 s, sent 19…",
      "✔ image tools  cached → r.example/shop…",
      "⠋ image web    [2/3] RUN make     3.0 s",
      "         cc \\u001b[31mmain.c",
      "✔ db           healthy after 3.1 s",
      "· web          its image is built",
      "⠋ big          40 %  pulling      3.0 s",
      "✖ bad          restarting (3) after 0.…",
      "✔ cache        unchanged",
      "· web.2        waiting for db, migrate",
    ]
  `);
});

test("the last frame has neither spinner nor what steps wrote", () => {
  const last = formatBoard(middle, { columns: 80, now: 8000, paint, isLast: true });
  expect(last.join("\n")).not.toMatch(/[⠀-⣿█]|main\.c/);
  expect(last[0]).toBe("up shop on pepper (via gate)  8.0 s");
});

test("an image that compose finds built is cached, one with a step that is done is built", () => {
  const built: BoardEvent = { type: "compose.service", project: "p", service: "web", state: "built" };
  const building: BoardEvent = { ...built, state: "building" };
  const from = { ...build("web"), step: "[1/2] FROM bb", state: "started" } as const;
  const run = { ...build("web"), step: "[2/2] RUN make", state: "started" } as const;
  const cached = boardOf([0, building], [0, from], [0, { ...run, state: "cached" }], [2000, built]);
  const done = boardOf([0, building], [0, from], [0, run], [2000, built]);
  const rowOf = (board: Board) => formatBoard(board, { columns: 80, now: 2000, paint })[1];
  expect([rowOf(cached), rowOf(done)]).toEqual(["✔ image web  cached", "✔ image web  built in 2.0 s"]);
  expect([cached.totals, done.totals]).toMatchObject([
    { cached: 1, built: 0 },
    { cached: 0, built: 1 },
  ]);
});

test("one that crashes again and again is not up while it runs, and one that recovers is", () => {
  const crash = service("bad", "restarting", { exitCode: 3, detail: "no config" });
  const running = boardOf([0, crash], [100, service("bad", "running")]);
  const lineOf = (board: Board) => formatBoard(board, { columns: 80, now: 200, paint })[1];
  expect(lineOf(running)).toBe("⠹ bad  running again, was restarting (3): no config");
  expect(lineOf(followEvent(running, service("bad", "healthy"), 200))).toBe("✔ bad  healthy");
});

test("of more services than there are rows those that fail and are at work stay, the others are summed up", () => {
  const names = Array.from({ length: 40 }, (_, index) => `service${index}`);
  const events = names.map((name, index): [number, BoardEvent] => {
    if (index < 20) return [0, service(name, "running")];
    if (index < 30) return [0, service(name, "starting")];
    return [0, index === 39 ? service(name, "failed", { detail: "no" }) : service(name, "created")];
  });
  const board = boardOf(...events);
  for (const rows of [10, 14, 24, 100]) {
    const lines = formatBoard(board, { columns: 60, rows, now: 0, paint });
    expect(lines.length, `${rows} rows`).toBeLessThan(rows);
    expect(lines.join("\n")).toContain("service39  failed: no");
  }
  expect(formatBoard(board, { columns: 60, rows: 10, now: 0, paint })).toMatchInlineSnapshot(`
    [
      "⠋ up shop on pepper (via gate) · 20 of 40 up  0.0 s",
      "✖ service39  failed: no",
      "⠋ service20  starting",
      "⠋ service21  starting",
      "⠋ service22  starting",
      "⠋ service23  starting",
      "  … and 6 more at work",
      "✔ 20 done: service0, service1, service2, service3, service…",
      "· 9 waiting: service30, service31, service32, service33, s…",
    ]
  `);
  // The command has ended: every row stays, to be scrolled back to.
  expect(formatBoard(board, { columns: 60, rows: 10, now: 0, paint, isLast: true })).toHaveLength(41);
});

test("a transfer has its rate and what it takes still as soon as they can be told", () => {
  const transfer = { bytes: 4_000_000, totalBytes: 10_000_000, began: 0 };
  expect(formatTransfer(transfer, 100, 80)).toBe("████████░░░░░░░░░░░░ 4.0 MB of 10.0 MB");
  expect(formatTransfer(transfer, 2000, 80)).toBe("████████░░░░░░░░░░░░ 4.0 MB of 10.0 MB, 2.0 MB/s, 3.0 s left");
  expect(formatTransfer(transfer, 2000, 50)).toBe("4.0 MB of 10.0 MB, 2.0 MB/s, 3.0 s left");
  expect(formatTransfer(transfer, 2000, 20)).toBe("40 %");
});

test("while files are sent the title says how far", () => {
  const sending = { type: "compose.sending", project: "p", bytes: 500, totalBytes: 2_000_000 } as const;
  const titleOf = (board: Board) => formatBoard(board, { columns: 80, now: 0, paint })[0];
  const board = boardOf([0, planned(create("web"))], [0, sending]);
  expect(titleOf(board)).toBe("⠋ up shop on pepper (via gate) · sending files, 500 B of 2.0 MB  0.0 s");
  const staged = followEvent(board, { type: "compose.staged", project: "p", files: 1, bytes: 2_000_000 }, 0);
  expect(titleOf(staged)).toBe("⠋ up shop on pepper (via gate) · 0 of 1 up  0.0 s");
});

test("an event changes no board of before", () => {
  const before = openBoard(title, 0);
  followEvent(before, service("web", "running"), 1);
  expect(before).toEqual(openBoard(title, 0));
});

test("what failed is seen to the end, also when it is taken down again", () => {
  const failed = service("bad", "exited", { exitCode: 3, afterMs: 200, detail: "no config" });
  const board = boardOf(
    ...([failed, service("db", "healthy")] as const).map((event) => [100, event] as const),
    ...(["stopping", "removed"] as const).flatMap((state) =>
      ["bad", "db"].map((name) => [200, service(name, state)] as const),
    ),
  );
  expect(formatBoard(board, { columns: 80, now: 300, paint, isLast: true }).slice(1)).toEqual([
    "✖ bad  exited (3) after 0.2 s: no config",
    "✔ db   removed",
  ]);
});
