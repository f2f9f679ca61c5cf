import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join, resolve } from "node:path";
import { promisify } from "node:util";
import { loadLab, loadRepo } from "@otto/config";
import { afterEach, beforeEach, expect, test } from "vitest";

const execute = promisify(execFile);
const page = resolve(import.meta.dirname, "../../../docs/how-to/labs-from-programs.md");
let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "otto-labs-"));
  await mkdir(join(root, ".otto"));
});
afterEach(() => rm(root, { recursive: true }));

/** What `ansible-inventory [core 2.14.18] --list` prints of two hosts in the group `bench`, one of them in `db`, too. */
const inventory = `{"_meta": {"hostvars": {"basil.example.org": {"ansible_user": "ada"},
"pepper": {"ansible_host": "10.0.0.7", "ansible_port": 2222, "ansible_user": "ci"}}},
"all": {"children": ["ungrouped", "bench", "db"]},
"bench": {"hosts": ["pepper", "basil.example.org"]}, "db": {"hosts": ["pepper"]}}`;

/** Writes the settings that stand on the page and hold a word. */
async function writeShown(word: string): Promise<void> {
  const blocks = [...(await readFile(page, "utf8")).matchAll(/^```toml\n(.*?)^```$/gms)].map(([, text = ""]) => text);
  const [shown, ...others] = blocks.filter((text) => text.includes(word));
  expect([shown === undefined, others]).toEqual([false, []]);
  await writeFile(join(root, ".otto/settings.toml"), `name = "shop"\nversion = "1"\n${shown}`);
}

test("the hosts of an Ansible inventory, with its groups as roles", async () => {
  await execute("jq", ["--version"]).catch(() => {
    throw new Error("this test needs jq: apt-get install jq");
  });
  const program = `#!/bin/sh\ntest "$*" = --list && cat <<'END'\n${inventory}\nEND\n`;
  await writeFile(join(root, "ansible-inventory"), program, { mode: 0o755 });
  await writeShown("ansible-inventory");
  const repos = [await loadRepo(root, { home: root })];
  const env = { PATH: `${root}${delimiter}${process.env.PATH}` };
  const { hosts } = await loadLab({ repos, name: "ansible", home: root, env, requireTrust: () => {} });
  expect(hosts.map(({ id, ip, creds, roles, ssh }) => [id, ip, creds[0]?.login, roles, ssh.port])).toEqual([
    ["basil-example-org", "basil.example.org", "ada", ["bench"], 22],
    ["pepper", "10.0.0.7", "ci", ["bench", "db"], 2222],
  ]);
});
