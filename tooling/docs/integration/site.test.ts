import { execFile } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, posix, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { searchOptions } from "@otto/docs";
import MiniSearch from "minisearch";
import { beforeAll, expect, test } from "vitest";

const directory = resolve(import.meta.dirname, "..");
const site = join(directory, ".vitepress/dist");

beforeAll(async () => {
  const reference = resolve(directory, "../../docs/reference/README.md");
  if (!existsSync(reference)) throw new Error("docs/reference is missing: pnpm docs:reference writes it");
  await promisify(execFile)("pnpm", ["run", "site"], { cwd: directory });
}, 600_000);

/** The pages of the built site by their paths on it. */
function readPages(): ReadonlyMap<string, string> {
  const files = readdirSync(site, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".html"));
  return new Map(files.map((file) => [`/${file}`, readFileSync(join(site, file), "utf8")]));
}

test("every link of the site leads to a page, a heading or a file of it", () => {
  const pages = readPages();
  const ids = new Map(
    [...pages].map(([path, html]) => [path, new Set([...html.matchAll(/ id="([^"]*)"/g)].map(([, id = ""]) => id))]),
  );
  const links = [...pages].flatMap(([page, html]) =>
    [...html.matchAll(/ (?:href|src)="(?!https?:|mailto:|data:)([^"]*)"/g)].map(([, link = ""]) => ({ page, link })),
  );
  const broken = links.filter(({ page, link }) => {
    const [path = "", anchor] = decodeURIComponent(link).split("#");
    const file = path === "" ? page : posix.resolve(posix.dirname(page), path.replace(/\/$/, "/index.html"));
    const target = [file, `${file}/index.html`, `${file}.html`].find((it) => pages.has(it));
    if (target === undefined) return !existsSync(join(site, file));
    return anchor !== undefined && anchor !== "" && ids.get(target)?.has(anchor) !== true;
  });
  expect(broken).toEqual([]);
  expect(pages.size).toBeGreaterThan(80);
  expect(links.length).toBeGreaterThan(5000);
});

/** What the search box of the site finds: its pages, the best first. */
async function openSearch(): Promise<(words: string) => readonly string[]> {
  const chunks = join(site, "assets/chunks");
  const name = readdirSync(chunks).find((file) => file.startsWith("@localSearchIndexroot."));
  const { default: text } = await import(pathToFileURL(join(chunks, name ?? "")).href);
  const fields = ["title", "titles", "text"];
  const index = MiniSearch.loadJSON(text, { fields, storeFields: ["title", "titles"], searchOptions });
  return (words) => [...new Set(index.search(words).map(({ id }) => String(id).replace(/#.*/, "")))];
}

test("a search for what a reader sees or wants finds its page first", async () => {
  const search = await openSearch();
  const found = {
    install: "/docs/install.html",
    windows: "/docs/install.html",
    troubleshoot: "/docs/troubleshooting.html",
    unhealthy: "/docs/troubleshooting.html",
    restart: "/docs/troubleshooting.html",
    timeout: "/docs/troubleshooting.html",
    "permission denied": "/docs/troubleshooting.html",
    "host key changed": "/docs/troubleshooting.html",
    "disk full": "/docs/troubleshooting.html",
    "image not found": "/docs/troubleshooting.html",
    "docker exec": "/docs/how-to/docker-and-otto.html",
    COMPOSE_NOT_READY: "/docs/errors.html",
  };
  expect(Object.fromEntries(Object.keys(found).map((words) => [words, search(words)[0]]))).toEqual(found);
  expect(search("composeUp")[0]).toBe("/docs/reference/@otto/docker.html");
});
