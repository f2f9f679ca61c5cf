import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Guide, parseGuide } from "./guide.js";

const root = resolve(import.meta.dirname, "../../..");
const blocks = parseGuide(await readFile(join(root, "docs/how-to/swarm.md"), "utf8"));

let guide: Guide;

beforeAll(async () => {
  guide = await Guide.open(randomUUID().slice(0, 8));
});
afterAll(() => guide[Symbol.asyncDispose]());

test("the commands of the page on swarms do what it says, one after the other", async () => {
  const outputs: string[] = [];
  for (const block of blocks) {
    if (block.do === "write") await guide.write(block.path, block.text);
    else outputs.push(await guide.run(block.commands));
  }
  expect(outputs).toHaveLength(7);
  const [, , plan, up, hosts, change, down] = outputs;
  expect(plan).toMatch(/api: create/);
  expect(up).toMatch(/local\.shop\.api\.2/);
  expect(hosts).toMatch(/color=red\nhunter22\non [0-9a-f]{12}\n/);
  expect(hosts).toMatch(/serving/);
  expect(change).toMatch(/api: recreate \(configs changed\)(?:.|\n)*migrate: leave(?:.|\n)*color=blue\n$/);
  expect(down).toMatch(/is down on the swarm of local/);
}, 300_000);
