import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { listLabs, loadRepo } from "@otto/config";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { listPages } from "./pages.js";

const root = resolve(import.meta.dirname, "../../..");
const home = "/home/ada";
let scratch: string;

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "otto-docs-"));
  await mkdir(join(scratch, ".otto"));
});
afterAll(() => rm(scratch, { recursive: true }));

const head = 'name = "shop"\nversion = "1.0.0"\n';
const source = '[[lab.sources]]\nbackend = "json"\npaths = ["."]\n';

/** The blocks of a language in all pages, with the page they stand in. */
async function listBlocks(language: string): Promise<readonly { page: string; text: string }[]> {
  const fence = new RegExp(`^\`\`\`${language}(?: .*)?\\n(.*?)^\`\`\`$`, "gms");
  const pages = await Promise.all(
    listPages(root).map(async (page) => ({ page, text: await readFile(join(root, page), "utf8") })),
  );
  return pages.flatMap(({ page, text }) => [...text.matchAll(fence)].map(([, block = ""]) => ({ page, text: block })));
}

function loadSettings(text: string) {
  return writeFile(join(scratch, ".otto/settings.toml"), text).then(() => loadRepo(scratch, { home }));
}

describe("what the documentation shows is accepted", async () => {
  const settings = await listBlocks("toml");
  const labs = (await listBlocks("json")).filter(({ text }) => /^\{\s*"hosts"/.test(text));

  test("there is something to check", () => {
    expect(settings.length).toBeGreaterThan(4);
    expect(labs.length).toBeGreaterThan(4);
  });

  test.each(settings)("settings in $page", async ({ text }) => {
    const whole = /^name = /m.test(text.split("[")[0] ?? "") ? text : head + text;
    await expect(loadSettings(whole)).resolves.toBeDefined();
  });

  test.each(labs)("a lab in $page", async ({ text }) => {
    await writeFile(join(scratch, "lab.json"), text.replaceAll("SHA256:…", `SHA256:${"A".repeat(43)}`));
    const repo = await loadSettings(head + source);
    expect((await listLabs([repo], { home })).length).toBeGreaterThan(0);
  });
});
