import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { drawTrace, type Span, type SpanKind, type Trace } from "@otto/pictures";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { findOutside, findOverlaps, readPicture, showFile, startBrowser } from "./browser.js";
import { hostile } from "./graphs.js";

let browser: Browser;
let directory: string;
beforeAll(async () => {
  [browser, directory] = await Promise.all([startBrowser(), mkdtemp(join(tmpdir(), "otto-pictures-"))]);
});
afterAll(async () => {
  await browser.close();
  await rm(directory, { recursive: true });
});

const kinds: readonly SpanKind[] = ["build", "compose", "service", "transfer", "wait", "ssh", "test"];

/** An hour ago, a command of 90 s with so many parts, each in the one before it that holds it. */
function traceOf(names: readonly string[]): Trace {
  const startMs = 1_700_000_000_000;
  const root: Span = {
    ...{ id: "root", parentId: undefined, name: "otto docker up", kind: "command", startMs, endMs: startMs + 90_000 },
    ...{ isFailed: false, facts: { "ssh.sent_bytes": 1234, "ssh.received_bytes": 5678 } },
  };
  const parts = names.map((name, index): Span => {
    const from = startMs + (index * 90_000) / names.length;
    const parentId = index % 5 === 0 ? "root" : `s${index - (index % 5)}`;
    const length = index % 5 === 0 ? 90_000 / names.length : 900 / names.length;
    return {
      ...{ id: `s${index}`, parentId, name, kind: kinds[index % kinds.length] ?? "build", isFailed: index % 11 === 0 },
      ...{ startMs: from, endMs: Math.min(from + length, root.endMs), facts: {} },
    };
  });
  return { id: "0".repeat(32), spans: [root, ...parts] };
}

const many = Array.from(
  { length: 120 },
  (_, index) => `[${index}/120] RUN make target-${index} with a name that is longer than its column`,
);
const formats = ["svg", "html"] as const;
const cases = formats.flatMap((format) => (["light", "dark"] as const).map((colorScheme) => ({ format, colorScheme })));

test.concurrent.each(cases)(
  "the timeline of 120 parts is readable in a $format file, $colorScheme",
  async ({ format, colorScheme }) => {
    const path = join(directory, `many-${colorScheme}.${format}`);
    await writeFile(path, drawTrace(traceOf(many), format));
    await using shown = await showFile(browser, path, { colorScheme });
    const picture = await readPicture(shown.page);
    const texts = picture.texts.map(({ text }) => text);
    for (const index of many.keys())
      expect(texts.some((text) => text.startsWith(`[${index}/120] RUN make`))).toBe(true);
    expect(texts.some((text) => text.includes("sent 1234 B, received 5678 B"))).toBe(true);
    expect(texts.some((text) => /90\.00 s +100 % +in all|1 min 30 s +100 % +in all/.test(text))).toBe(true);
    expect(findOutside(picture)).toEqual([]);
    expect(findOverlaps(picture.texts)).toEqual([]);
    expect(picture.texts.filter(({ contrast }) => contrast < 4.5)).toEqual([]);
    expect([shown.requests, shown.complaints]).toEqual([[], []]);
  },
);

test("bars stand in the order of time, and none leaves the picture", async () => {
  const path = join(directory, "bars.svg");
  await writeFile(path, drawTrace(traceOf(many), "svg"));
  await using shown = await showFile(browser, path);
  const bars = await shown.page.evaluate(() =>
    [...document.querySelectorAll(".bar:not(.swatch)")].map((bar) => {
      const { left, right, width } = bar.getBoundingClientRect();
      return { left, right, width };
    }),
  );
  expect(bars.length).toBe(121);
  const [whole] = bars;
  expect(bars.every(({ left, right }) => left >= (whole?.left ?? 0) - 1 && right <= (whole?.right ?? 0) + 3)).toBe(
    true,
  );
  expect(bars.every(({ width }) => width > 0)).toBe(true);
});

test.concurrent.each(formats)("hostile names are shown and not obeyed in a %s file", async (format) => {
  const path = join(directory, `hostile.${format}`);
  await writeFile(path, drawTrace(traceOf(hostile), format));
  await using shown = await showFile(browser, path, { scripts: true });
  const picture = await readPicture(shown.page);
  expect(picture.texts.some(({ text }) => text.includes("<script>"))).toBe(true);
  const foreign = await shown.page.evaluate(
    () => document.querySelectorAll("script, img, a, image, foreignObject").length,
  );
  expect(foreign).toBe(0);
  expect([findOutside(picture), findOverlaps(picture.texts)]).toEqual([[], []]);
  expect([shown.requests, shown.complaints]).toEqual([[], []]);
});

test("of more parts than a picture takes, the longest are drawn, and it says so", async () => {
  const path = join(directory, "most.svg");
  const names = Array.from({ length: 1000 }, (_, index) => `part ${index}`);
  await writeFile(path, drawTrace(traceOf(names), "svg"));
  await using shown = await showFile(browser, path);
  const { texts } = await readPicture(shown.page);
  expect(texts.some(({ text }) => text.includes("the 400 longest of 1001 spans"))).toBe(true);
});
