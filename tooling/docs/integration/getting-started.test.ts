import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Guide, matchesOutput, parseGuide } from "./guide.js";

const root = resolve(import.meta.dirname, "../../..");
const blocks = parseGuide(await readFile(join(root, "docs/getting-started.md"), "utf8"));
const installs = "npm install @otto/docker\n";

const run = randomUUID().slice(0, 8);
const tags = new Set<string>();
let guide: Guide;

beforeAll(async () => {
  guide = await Guide.open(run);
});
afterAll(async () => {
  await guide.run("otto docker down");
  // By id: with every tag that the image has, and no other image that has the guide's name for its own.
  if (tags.size > 0)
    await guide.run(`docker image inspect --format '{{.Id}}' ${[...tags].join(" ")} | xargs docker image rm --force`);
  await guide[Symbol.asyncDispose]();
});

// Each block stands on those before it, so they are one test; its message says which block it was.
test("the commands of the guide do what it says, one after the other", async () => {
  expect(blocks.filter((block) => block.do === "run").length).toBeGreaterThan(12);
  for (const block of blocks) {
    if (block.do === "write") await guide.write(block.path, block.text);
    else await runBlock(block.commands, block.expected);
  }
}, 300_000);

async function runBlock(commands: string, expected: string | undefined): Promise<void> {
  const output = await guide.run(forThisRun(commands));
  for (const [tag] of output.matchAll(/shop-api:[0-9a-f]{16}/g)) tags.add(tag);
  if (expected !== undefined && !matchesOutput(output, expected))
    throw new Error(`the guide shows\n${expected}\nand it was\n${output}\nof\n${commands}`);
}

/**
 * An image that this engine has not yet, and what a registry would give from this workspace: tooling/pack tests packages as
 * they are published.
 */
function forThisRun(commands: string): string {
  const link = `mkdir -p node_modules/@otto && ln -s ${join(root, "packages/docker")} node_modules/@otto/docker\n`;
  return commands.replace(installs, link).replace("from the shop", `from the shop ${run}`);
}
