import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { loadLab, loadRepo } from "@otto/config";
import { Lab } from "@otto/host-registry";
import { labJson, startLab, type Lab as TestLab } from "@otto/lab";
import type { SshEvent } from "ssh2-streamer";
import { afterAll, beforeAll, expect, test } from "vitest";

let machines: TestLab<"bastion" | "parent">;
let root: string;

beforeAll(async () => {
  machines = await startLab({ hosts: { bastion: {}, parent: { hop: "bastion" } } });
  root = join(machines.directory, "repo");
  await mkdir(join(root, ".otto"), { recursive: true });
  const settings = 'name = "r"\nversion = "1.0.0"\n[[lab.sources]]\nbackend = "json"\npaths = ["../lab.json"]\n';
  await writeFile(join(root, ".otto", "settings.toml"), settings);
});

afterAll(() => machines[Symbol.asyncDispose]());

/** What a command of the parent prints, and the transport to each machine, where the lab.json names that of the parent. */
async function runBy(transport?: string) {
  const hosts = labJson(machines).hosts.map((host) => ({
    ...host,
    ssh_options: { ...host.ssh_options, agent: false, ...(host.element === "parent" ? { transport } : {}) },
  }));
  await writeFile(join(machines.directory, "lab.json"), JSON.stringify({ hosts, links: [] }));
  const home = machines.directory;
  const repos = [await loadRepo(root, { home })];
  const data = await loadLab({ repos, name: "lab", home });
  const events: SshEvent[] = [];
  await using lab = new Lab({ data, repos, env: {}, home, onSshEvent: (event) => events.push(event) });
  const { stdout } = await lab.parent("parent").exec(["echo", "here"]);
  const transports = events.flatMap((event) =>
    event.type === "ssh.transport" ? [`${event.hop}: ${event.transport}, ${event.cause}`] : [],
  );
  return { said: stdout.toString().trim(), transports: transports.toSorted() };
}

const byDefault = "ssh2, it does what is asked for";

test.each([
  [undefined, byDefault],
  ["auto", byDefault],
  ["ssh2", "ssh2, it is asked for"],
  ["openssh", "openssh, it is asked for"],
])("ssh_options.transport %j of a lab.json is how that host is reached, and no other", async (transport, expected) => {
  const transports = [`bastion: ${byDefault}`, `parent: ${expected}`];
  expect(await runBy(transport)).toEqual({ said: "here", transports });
});

test("a transport that there is not is an error that names the place and what there is", async () => {
  await expect(runBy("putty")).rejects.toMatchObject({
    code: "LAB_INVALID",
    message: expect.stringMatching(/lab\.json:\d+: .*transport: must be "auto" or "ssh2" or "openssh"/) as string,
  });
});
