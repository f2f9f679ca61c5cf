import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { formatGraph } from "@otto/pictures";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { findOutside, findOverlaps, readPicture, showFile, startBrowser } from "./browser.js";
import { graph, hostile, largeStack, service } from "./graphs.js";

let browser: Browser;
let directory: string;
beforeAll(async () => {
  [browser, directory] = await Promise.all([startBrowser(), mkdtemp(join(tmpdir(), "otto-pictures-"))]);
});
afterAll(async () => {
  await browser.close();
  await rm(directory, { recursive: true });
});

const formats = ["svg", "html"] as const;
const schemes = ["light", "dark"] as const;
const cases = formats.flatMap((format) => schemes.map((colorScheme) => ({ format, colorScheme })));

test.concurrent.each(cases)("thirty services are readable in a $format file, $colorScheme", async (given) => {
  const { format, colorScheme } = given;
  const stack = largeStack();
  const path = join(directory, `large-${colorScheme}.${format}`);
  await writeFile(path, await formatGraph(stack, format));
  await using shown = await showFile(browser, path, { colorScheme });
  const picture = await readPicture(shown.page);
  const texts = picture.texts.map(({ text }) => text);
  for (const { name, replicas } of stack.services)
    expect(texts).toContain(replicas === 1 ? name : `${name} ×${replicas}`);
  for (const words of [
    "healthy",
    "unhealthy",
    "exited (137)",
    "starting",
    "127.0.0.1:8000->80/tcp",
    "completed, optional",
  ]) {
    expect(
      texts.some((text) => text.includes(words)),
      words,
    ).toBe(true);
  }
  expect(findOutside(picture)).toEqual([]);
  expect(findOverlaps(picture.texts)).toEqual([]);
  expect(picture.texts.filter(({ contrast }) => contrast < 4.5)).toEqual([]);
  expect(Math.min(...picture.texts.map(({ fontSize }) => fontSize))).toBeGreaterThanOrEqual(11);
  expect([shown.requests, shown.complaints]).toEqual([[], []]);
});

test("the themes differ, and paper is white", async () => {
  const path = join(directory, "theme.html");
  await writeFile(path, await formatGraph(largeStack(), "html"));
  const groundOf = async (colorScheme: "light" | "dark", media: "screen" | "print") => {
    await using shown = await showFile(browser, path, { colorScheme });
    await shown.page.emulateMedia({ colorScheme, media });
    return await shown.page.evaluate(() => {
      const page = document.querySelector(".page");
      return page === null ? "" : getComputedStyle(page).fill;
    });
  };
  const grounds = await Promise.all([
    groundOf("light", "screen"),
    groundOf("dark", "screen"),
    groundOf("dark", "print"),
  ]);
  expect(grounds).toEqual(["rgb(255, 255, 255)", "rgb(13, 17, 23)", "rgb(255, 255, 255)"]);
});

test("a page fits on paper", async () => {
  const path = join(directory, "paper.html");
  await writeFile(path, await formatGraph(largeStack(), "html"));
  await using shown = await showFile(browser, path);
  await shown.page.setViewportSize({ width: 700, height: 900 });
  const widthIn = async (media: "screen" | "print") => {
    await shown.page.emulateMedia({ media });
    return (await readPicture(shown.page)).width;
  };
  expect(await widthIn("screen")).toBeGreaterThan(700);
  expect(await widthIn("print")).toBeLessThanOrEqual(700);
});

test.concurrent.each(formats)("hostile names are shown and not obeyed in a %s file", async (format) => {
  const services = hostile.map((text) =>
    service(text, {
      image: text,
      ports: [text],
      networks: [text],
      profiles: [text],
      mounts: [{ type: "bind", source: text, target: text, readOnly: false }],
    }),
  );
  const networks = hostile.map((name) => ({ name, external: true }));
  const parent = { id: hostile[0] ?? "", hops: hostile };
  const path = join(directory, `hostile.${format}`);
  await writeFile(
    path,
    await formatGraph(graph(services, { networks, volumes: networks, parent, project: hostile[1] ?? "" }), format),
  );
  await using shown = await showFile(browser, path, { scripts: true });
  const picture = await readPicture(shown.page);
  expect(picture.texts.some(({ text }) => text.includes("<script>"))).toBe(true);
  expect(picture.texts.some(({ text }) => text.includes("\\u001b"))).toBe(true);
  const foreign = await shown.page.evaluate(
    () => document.querySelectorAll("script, img, a, image, foreignObject").length,
  );
  expect(foreign).toBe(0);
  expect(findOutside(picture)).toEqual([]);
  expect(findOverlaps(picture.texts)).toEqual([]);
  expect([shown.requests, shown.complaints]).toEqual([[], []]);
});
