import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { type Machines, startMachines } from "@otto/lab";
import { afterAll, beforeAll, expect, test } from "vitest";
import { forMachines, Guide, parseGuide } from "./guide.js";

const root = resolve(import.meta.dirname, "../../..");
const blocks = parseGuide(await readFile(join(root, "docs/how-to/more-than-one-machine.md"), "utf8"));

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

test("the commands of the page on several machines do what it says, one after the other", async () => {
  const outputs: string[] = [];
  for (const block of blocks) {
    if (block.do === "write") await guide.write(block.path, forMachines(block.text, machines));
    else outputs.push(await guide.run(block.commands));
  }
  const [, up = "", elsewhere = ""] = outputs;
  expect(outputs).toHaveLength(3);
  expect(up).toMatch(/pepper\.shop\.db(?:.|\n)*leek\.shop\.web/);
  expect(up).toMatch(/^42$/m);
  expect(elsewhere).toContain(`http://${machines.hosts.leek.address}:8080\n`);
  expect(elsewhere).toMatch(/is down on pepper/);
  expect(elsewhere).toMatch(/is down on leek/);
  for (const machine of [machines.hosts.pepper, machines.hosts.leek])
    expect(await machine.runDocker(["ps", "--all", "--quiet"])).toBe("");
}, 300_000);
