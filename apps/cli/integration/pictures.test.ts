import { randomBytes } from "node:crypto";
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { type Lab, labJson, startLab } from "@otto/lab";
import { afterAll, beforeAll, expect, test } from "vitest";
import { clearEngine } from "./engine-state.js";
import type { Place } from "./otto-process.js";
import { drawStills, type Still } from "./pictures/board-picture.js";
import { drawRoute } from "./pictures/route-picture.js";
import { readTexts } from "./pictures/svg.js";
import { Watcher } from "./watcher.js";

// OTTO_PICTURES=write draws the pictures of the README anew; without it they are compared with what a run shows now.
const pictures = resolve(import.meta.dirname, "../../../docs/pictures");
const isWriting = process.env.OTTO_PICTURES === "write";

const files: Readonly<Record<string, string>> = {
  ".otto/settings.toml": `name = "shop"
version = "1.0.0"
[[lab.sources]]
backend = "json"
paths = ["lab.json"]
[[docker.images]]
name = "api"
context = "api"
dockerfile = "api/Dockerfile"
[[docker.composes]]
path = "compose.yml"
`,
  "compose.yml": `services:
  api:
    image: shop-api:latest
    init: true
    healthcheck: { test: ["CMD", "wget", "-q", "-O", "/dev/null", "http://127.0.0.1:8080/"], interval: 1s }
  client:
    image: shop-api:latest
    init: true
    command: ["sleep", "3600"]
    depends_on: { api: { condition: service_healthy } }
`,
  "api/Dockerfile": `FROM scratch
COPY busybox /bin/busybox
RUN ["/bin/busybox", "--install", "-s", "/bin"]
COPY www /www
CMD ["httpd", "-f", "-p", "8080", "-h", "/www"]
`,
  "api/www/index.html": "hello\n",
};

let lab: Lab<"gate" | "pepper">;
let root: string;
let place: Place;
beforeAll(async () => {
  lab = await startLab({ hosts: { gate: {}, pepper: { hop: "gate" } } });
  root = await mkdtemp(join(tmpdir(), "otto-pictures-"));
  for (const directory of [".otto", "api/www", "home"]) await mkdir(join(root, directory), { recursive: true });
  for (const [path, content] of Object.entries(files)) await writeFile(join(root, path), content);
  await writeFile(join(root, "lab.json"), JSON.stringify(labJson(lab, "bench")));
  await writeFile(join(root, "api/www/photos.bin"), randomBytes(16 << 20));
  await copyFile("/bin/busybox", join(root, "api/busybox"));
  place = {
    cwd: root,
    env: { HOME: join(root, "home"), OTTO_COMPOSE_SUFFIX: "ada", OTTO_TRUST: root, OTTO_LAB: "bench" },
  };
});
afterAll(async () => {
  await clearEngine("shop");
  await rm(root, { recursive: true });
  await lab[Symbol.asyncDispose]();
});

/** The screens of an `up` until its end. */
async function up(): Promise<{ readonly frames: readonly string[]; readonly last: readonly string[] }> {
  await using watcher = await Watcher.open(place, ["up"], { columns: 90, rows: 24 });
  const { exitCode, last } = await watcher.finished();
  expect(exitCode, last.join("\n")).toBe(0);
  return { frames: watcher.frames, last };
}

const sentOf = (last: readonly string[]) => /sent ([\d.]+ [kMG]?B)/.exec(last.join(" "))?.[1] ?? "nothing";

/** A text without what each run measures anew. */
const shapeOf = (text: string) =>
  text
    .replace(/:[0-9a-f]{16}\b/, ":HASH")
    .replace(/[\d.]+ (?:ms|s|min|B|kB|MB)\b/g, "N")
    .replace(/\s+/g, " ");

/** What the picture says, compared with the committed one, which is replaced when pictures are written. */
async function check(name: string, svg: string): Promise<void> {
  const path = join(pictures, name);
  if (isWriting) {
    await mkdir(pictures, { recursive: true });
    await writeFile(path, svg);
  }
  const shapes = (text: string) => readTexts(text).map(shapeOf);
  expect(shapes(svg)).toEqual(shapes(await readFile(path, "utf8")));
}

test("the README's pictures show what a first, a second and an idle up do", { timeout: 240_000 }, async () => {
  const first = await up();
  await writeFile(join(root, "api/www/index.html"), "hello again\n");
  const second = await up();
  const idle = await up();

  const sent = [first, second, idle].map(({ last }) => sentOf(last));
  const [all = "", changed = ""] = sent;
  expect(all).toMatch(/MB$/);
  expect(changed).toMatch(/ k?B$/);
  expect(sent[2]).toBe("nothing");
  await check(
    "route.svg",
    drawRoute([
      { when: "the first time", text: all },
      { when: "after one file was edited", text: changed },
      { when: "nothing changed", text: "nothing" },
    ]),
  );

  const starting = first.frames.findLast((frame) => frame.includes("waiting for api"));
  const stills: Still[] = [
    { caption: "otto up, while client waits for api", lines: starting?.split("\n") ?? [] },
    { caption: "at its end", lines: first.last },
    { caption: "otto up, after one file of the image was edited", lines: second.last },
  ];
  expect(stills.filter(({ lines }) => lines.length === 0)).toEqual([]);
  const ends = stills.slice(1);
  const svg = drawStills("What otto up shows", isWriting ? stills : ends);
  if (isWriting) return check("board.svg", svg);
  // How far the first still is depends on the moment; the ends do not.
  const committed = readTexts(await readFile(join(pictures, "board.svg"), "utf8")).map(shapeOf);
  expect(committed.slice(committed.indexOf(ends[0]?.caption ?? ""))).toEqual(readTexts(svg).map(shapeOf));
});
