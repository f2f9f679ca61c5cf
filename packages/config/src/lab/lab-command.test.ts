import { mkdir, mkdtemp, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { LocalCommands } from "../command/local-commands.js";
import { loadRepo } from "../repo/repo-loading.js";
import { type LoadLabOptions, listLabs, loadLab, readRepoLabs } from "./lab-loading.js";
import { findLabFile } from "./lab-writing.js";

let home: string;
let root: string;
beforeEach(async () => {
  home = await realpath(await mkdtemp(join(tmpdir(), "otto-lab-command-")));
  root = join(home, "app");
  await mkdir(join(root, ".otto"), { recursive: true });
});
afterEach(() => rm(home, { recursive: true }));

const { PATH } = process.env;
const host = (fields: object) => ({ ip: "10.0.0.1", creds: [{ login: "u" }], labs: ["veg"], ...fields });
const lab = (...hosts: object[]) => JSON.stringify({ hosts: hosts.map(host) });
const asked: unknown[] = [];
const requireTrust: LoadLabOptions["requireTrust"] = (origin, command) => asked.push([origin.file, command]);

/** A repo whose labs these commands print. */
async function open(...commands: readonly (readonly string[])[]) {
  const sources = commands.map((argv) => `[[lab.sources]]\nbackend = "command"\ncommand = ${JSON.stringify(argv)}\n`);
  await writeFile(join(root, ".otto/settings.toml"), `name = "app"\nversion = "1"\n${sources.join("")}`);
  return loadRepo(root, { home });
}

const print = (text: string) => ["sh", "-c", `echo run >>runs; cat <<'END'\n${text}\nEND`];

async function load(...commands: readonly (readonly string[])[]) {
  const repos = [await open(...commands)];
  return loadLab({ repos, name: "veg", home, env: { PATH, WORD: "seed" }, requireTrust });
}

test.each([
  ["JSON", lab({ element: "pepper" })],
  ["YAML", "hosts:\n  - { element: pepper, ip: 10.0.0.1, creds: [{ login: u }], labs: [veg] }"],
])("a lab is what a command prints, as %s", async (_format, text) => {
  const { hosts } = await load(print(text));
  expect(hosts.map(({ id, source, directory }) => [id, source, directory])).toEqual([
    ["pepper", join(root, ".otto/settings.toml"), root],
  ]);
});

test("it runs in the root with the caller's variables; paths of its hosts start there", async () => {
  await writeFile(
    join(root, "inventory"),
    `#!/bin/sh\necho '${lab({ element: "x", ssh_options: { client_keys: "k" } })}' | sed "s/x/$WORD/"\n`,
    { mode: 0o755 },
  );
  const { hosts } = await load(["./inventory"]);
  expect(hosts.map(({ element, ssh }) => [element, ssh.clientKeys])).toEqual([["seed", [join(root, "k")]]]);
});

test("a later source replaces hosts of an earlier one, and one command for several calls runs once", async () => {
  const repos = [
    await open(
      print(lab({ element: "pepper" }, { element: "basil" })),
      print(lab({ element: "basil", ip: "10.0.0.2" })),
    ),
  ];
  const places = { home, env: { PATH }, requireTrust, commands: new LocalCommands() };
  const { hosts } = await loadLab({ ...places, repos, name: "veg" });
  expect(hosts.map(({ id, ip }) => [id, ip])).toEqual([
    ["pepper", "10.0.0.1"],
    ["basil", "10.0.0.2"],
  ]);
  expect((await listLabs(repos, places)).map(({ name }) => name)).toEqual(["local", "veg"]);
  expect(await readFile(join(root, "runs"), "utf8")).toBe("run\nrun\n");
});

test.each([
  [
    ["sh", "-c", "echo sealed >&2; exit 3"],
    "LAB_COMMAND_FAILED",
    "reading the lab that 'sh' '-c' 'echo sealed >&2; exit 3' prints: exit code 3: sealed",
  ],
  [["./none"], "LAB_COMMAND_FAILED", /^reading the lab that '\/.*\/none' prints: no such program$/],
  [["echo", "{"], "LAB_SYNTAX", /^reading the output of 'echo' '{':1: /],
  [
    ["echo", lab({ element: "pepper", creds: 7 })],
    "LAB_INVALID",
    /^reading the output of 'echo' '.*':1: hosts\[0\]\.creds: must be a list, is a number$/,
  ],
])("%j ends it: %s", async (argv, code, message) => {
  await expect(load(argv)).rejects.toMatchObject({ code, message: expect.stringMatching(message) as string });
});

test("nothing runs before its user trusts the settings, and nothing for who only asks what is to be trusted", async () => {
  const argv = print(lab({ element: "pepper" }));
  const repos = [await open(argv)];
  asked.length = 0;
  const refuse = () => {
    throw new Error("untrusted");
  };
  await expect(loadLab({ repos, name: "veg", home, env: { PATH }, requireTrust: refuse })).rejects.toThrow("untrusted");
  await expect(loadLab({ repos, name: "veg", home, env: { PATH } })).rejects.toThrow(TypeError);
  const [source] = await readRepoLabs(repos, { home });
  expect(source).toMatchObject({ commands: [argv], hosts: [], origin: { file: join(root, ".otto/settings.toml") } });
  expect(await findLabFile(repos, { home })).toBe(join(home, ".config/otto/lab.json"));
  await expect(readFile(join(root, "runs"))).rejects.toThrow("ENOENT");
  const { hosts } = await loadLab({ repos, name: "veg", home, env: { PATH }, requireTrust });
  expect(hosts.map(({ origin }) => origin)).toEqual([source?.origin]);
  expect(asked).toEqual([[join(root, ".otto/settings.toml"), argv]]);
});

test("trust is in the commands for labs and the scripts that they name, not in the rest of the settings", async () => {
  const digestOf = async (...argv: string[]) => (await readRepoLabs([await open(argv)], { home }))[0]?.origin.digest;
  await writeFile(join(root, "inventory.py"), "1");
  const before = await digestOf("python3", "./inventory.py");
  expect(await digestOf("python3", "./inventory.py")).toBe(before);
  expect(await digestOf("python3", "./other.py")).not.toBe(before);
  await writeFile(join(root, "inventory.py"), "2");
  expect(await digestOf("python3", "./inventory.py")).not.toBe(before);
});

test.each([
  ['backend = "command"', "lab.sources[0].command: is required (a list)"],
  ['backend = "json"', "lab.sources[0].paths: is required (a list)"],
  ['backend = "command"\ncommand = []', "lab.sources[0].command: must name a program"],
  ['backend = "json"\npaths = ["."]\ncommand = ["x"]', "lab.sources[0].command: is for the backend command"],
  ['backend = "command"\npaths = ["."]\ncommand = ["x"]', "lab.sources[0].paths: is for the backend json"],
])("%j is refused", async (source, message) => {
  await writeFile(join(root, ".otto/settings.toml"), `name = "app"\nversion = "1"\n[[lab.sources]]\n${source}\n`);
  await expect(loadRepo(root, { home })).rejects.toMatchObject({
    code: "CONFIG_INVALID",
    message: expect.stringContaining(message) as string,
  });
});
