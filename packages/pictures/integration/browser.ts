import { access } from "node:fs/promises";
import { type Browser, chromium, type Page } from "playwright-core";

/** Debian's, by tooling/setup. */
const executablePath = "/usr/bin/chromium-headless-shell";

export async function startBrowser(): Promise<Browser> {
  await access(executablePath).catch(() => {
    throw new Error(`no browser at ${executablePath}; install Debian's package chromium-headless-shell`);
  });
  return chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] });
}

export interface ShownPage extends AsyncDisposable {
  readonly page: Page;
  /** Addresses that the page asked for, but for itself. */
  readonly requests: readonly string[];
  /** What it wrote to the console, and errors of its own. */
  readonly complaints: readonly string[];
}

/** Opens a file in a page of its own. @param scripts whether scripts may run; default false */
export async function showFile(
  browser: Browser,
  path: string,
  {
    colorScheme = "light",
    scripts = false,
  }: { readonly colorScheme?: "light" | "dark"; readonly scripts?: boolean } = {},
): Promise<ShownPage> {
  const context = await browser.newContext({
    colorScheme,
    javaScriptEnabled: scripts,
    viewport: { width: 1280, height: 800 },
  });
  const page = await context.newPage();
  const [requests, complaints]: [string[], string[]] = [[], []];
  const own = `file://${path}`;
  page.on("request", (request) => {
    if (request.url() !== own && !request.url().startsWith("data:")) requests.push(request.url());
  });
  page.on("console", (message) => complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("dialog", async (dialog) => {
    complaints.push(`dialog: ${dialog.message()}`);
    await dialog.dismiss();
  });
  await page.goto(own);
  return { page, requests, complaints, [Symbol.asyncDispose]: () => context.close() };
}

/** A text as the browser has drawn it. */
export interface ShownText {
  readonly text: string;
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
  readonly fontSize: number;
  /** Of the text's colour on what is painted below it, as WCAG counts. */
  readonly contrast: number;
}

export interface ShownPicture {
  readonly width: number;
  readonly height: number;
  readonly texts: readonly ShownText[];
}

/** Asks the browser where each text of the picture is and what can be seen of it. */
export function readPicture(page: Page): Promise<ShownPicture> {
  return page.evaluate(() => {
    const svg = document.querySelector("svg");
    if (svg === null) throw new Error("there is no picture");
    const frame = svg.getBoundingClientRect();
    const channel = (value: number) => (value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
    const luminance = (color: string) => {
      const [red = 0, green = 0, blue = 0] = (color.match(/[\d.]+/g) ?? []).map((part) => channel(Number(part) / 255));
      return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    };
    const shapes = [...svg.querySelectorAll<SVGGraphicsElement>("rect, text")];
    const groundOf = (text: SVGGraphicsElement) => {
      const box = text.getBoundingClientRect();
      const below = shapes.slice(0, shapes.indexOf(text)).filter((shape) => {
        if (shape.tagName !== "rect" || getComputedStyle(shape).fill === "none") return false;
        const { left, right, top, bottom } = shape.getBoundingClientRect();
        const [x, y] = [(box.left + box.right) / 2, (box.top + box.bottom) / 2];
        return left <= x && x <= right && top <= y && y <= bottom;
      });
      return getComputedStyle(below.at(-1) ?? svg).fill;
    };
    const texts = [...svg.querySelectorAll<SVGTextElement>("text")].map((element) => {
      const { left, top, right, bottom } = element.getBoundingClientRect();
      const style = getComputedStyle(element);
      const [first = 0, second = 0] = [luminance(style.fill), luminance(groundOf(element))].sort((a, b) => b - a);
      return {
        text: element.textContent ?? "",
        left: left - frame.left,
        top: top - frame.top,
        right: right - frame.left,
        bottom: bottom - frame.top,
        fontSize: Number.parseFloat(style.fontSize),
        contrast: (first + 0.05) / (second + 0.05),
      };
    });
    return { width: frame.width, height: frame.height, texts };
  });
}

/** Pairs of texts that lie on each other, by more than the room between lines. */
export function findOverlaps(texts: readonly ShownText[]): string[] {
  return texts.flatMap((a, index) =>
    texts
      .slice(index + 1)
      .filter((b) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1)
      .filter((b) => Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 2)
      .map((b) => `${a.text} | ${b.text}`),
  );
}

/** Texts that are not whole within the picture. */
export function findOutside({ width, height, texts }: ShownPicture): string[] {
  return texts
    .filter(({ left, top, right, bottom }) => left < 0 || top < 0 || right > width || bottom > height)
    .map(({ text }) => text);
}
