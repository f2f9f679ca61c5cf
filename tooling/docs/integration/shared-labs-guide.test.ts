import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { type Machines, startMachines } from "@otto/lab";
import { afterAll, beforeAll, expect, test } from "vitest";
import { forMachines, Guide, matchesOutput, parseGuide } from "./guide.js";

const root = resolve(import.meta.dirname, "../../..");
const blocks = parseGuide(await readFile(join(root, "docs/how-to/shared-labs.md"), "utf8"));

let machines: Machines<"pepper" | "leek">;
let guide: Guide;

beforeAll(async () => {
  machines = await startMachines({ hosts: { pepper: {}, leek: {} } });
  guide = await Guide.forMachines(randomUUID().slice(0, 8), machines);
});
afterAll(async () => {
  await machines[Symbol.asyncDispose]();
  await guide[Symbol.asyncDispose]();
});

test("the commands of the page on shared labs print what it says, one after the other", async () => {
  let compared = 0;
  for (const block of blocks) {
    if (block.do === "write") {
      await guide.write(block.path, forMachines(block.text, machines));
      continue;
    }
    const output = await guide.run(block.commands);
    if (block.expected === undefined) continue;
    compared += 1;
    expect(matchesOutput(output, block.expected), `${block.commands}\n${output}`).toBe(true);
  }
  expect(compared).toBeGreaterThan(2);
});
