import { randomUUID } from "node:crypto";
import { copyFile, mkdir, readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { type Machines, startMachines } from "@otto/lab";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Guide, parseGuide } from "./guide.js";

const root = resolve(import.meta.dirname, "../../..");
const blocks = parseGuide(await readFile(join(root, "docs/how-to/more-than-one-machine.md"), "utf8"));

let machines: Machines<"pepper" | "leek">;
let guide: Guide;

beforeAll(async () => {
  machines = await startMachines({ hosts: { pepper: {}, leek: {} } });
  const opened = await Guide.open(randomUUID().slice(0, 8));
  const home = opened.directory;
  guide = opened.with({ HOME: home, OTTO_TRUST: home, XDG_STATE_HOME: undefined, XDG_CACHE_HOME: undefined });
  // The user has a key, and knows the machines.
  const ssh = join(home, ".ssh");
  await mkdir(ssh, { mode: 0o700 });
  await copyFile(machines.hosts.pepper.privateKeyPath, join(ssh, "id_ed25519"));
  await copyFile(machines.knownHostsPath, join(ssh, "known_hosts"));
});
afterAll(async () => {
  await machines[Symbol.asyncDispose]();
  await guide[Symbol.asyncDispose]();
});

/** The addresses that the page invents are those of the machines. */
function forTheseMachines(text: string): string {
  const { pepper, leek } = machines.hosts;
  return text.replaceAll("10.0.0.11", pepper.address).replaceAll("10.0.0.12", leek.address);
}

test("the commands of the page on several machines do what it says, one after the other", async () => {
  const outputs: string[] = [];
  for (const block of blocks) {
    if (block.do === "write") await guide.write(block.path, forTheseMachines(block.text));
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
