import { chown, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Repo } from "../repo/repo.js";
import { loadLab, readRepoLabs } from "./lab-loading.js";

let home: string;
beforeEach(async () => {
  home = await realpath(await mkdtemp(join(tmpdir(), "otto-origin-")));
});
afterEach(() => rm(home, { recursive: true }));

async function write(path: string, content: string): Promise<void> {
  await mkdir(dirname(join(home, path)), { recursive: true });
  await writeFile(join(home, path), content);
}

/** The lab files that need trust, and their digests, when the repo `clone/app` names this one. */
async function originsOf(path: string, ssh_options: object = {}): Promise<Record<string, string>> {
  const host = { ip: "10.0.0.1", element: "pepper", creds: [{ login: "u" }], labs: ["veg"], ssh_options };
  await mkdir(join(home, "clone/app"), { recursive: true });
  await write(path, JSON.stringify({ hosts: [host], links: [] }));
  return originsNamed(path);
}

async function originsNamed(path: string): Promise<Record<string, string>> {
  const repo = { root: join(home, "clone/app"), labSources: [{ backend: "json", paths: [join(home, path)] }] };
  const repos = [repo as unknown as Repo];
  const labs = await readRepoLabs(repos, { home });
  const lab = await loadLab({ repos, name: "veg", home });
  expect(lab.hosts.map(({ origin }) => origin)).toEqual(labs.length === 0 ? [undefined] : [labs[0]?.origin]);
  return Object.fromEntries(labs.map(({ origin }) => [origin.file.slice(home.length + 1), origin.digest]));
}

test("a lab file in the repo came with it, one beside the repo is the user's own", async () => {
  expect(Object.keys(await originsOf("clone/app/lab.json"))).toEqual(["clone/app/lab.json"]);
  expect(await originsOf("clone/lab_data/lab.json")).toEqual({});
});

test.each([".git", ".hg", ".svn", ".jj"])("below a directory with %s, all came with the repo", async (name) => {
  await write(`clone/${name}`, "");
  expect(Object.keys(await originsOf("clone/lab_data/lab.json"))).toEqual(["clone/lab_data/lab.json"]);
  expect(await originsOf("lab_data/lab.json")).toEqual({});
});

test.each([".git", ".hg"])("a clone does not end at a directory in it with %s", async (name) => {
  await write("clone/.git", "");
  await write(`clone/app/${name}`, "");
  expect(Object.keys(await originsOf("clone/lab_data/lab.json"))).toEqual(["clone/lab_data/lab.json"]);
});

test("a home under version control is no clone", async () => {
  await write(".git/HEAD", "");
  expect(await originsOf("lab_data/lab.json")).toEqual({});
});

test("a link is where it leads to", async () => {
  await originsOf("clone/app/real.json");
  await symlink("../clone/app/real.json", join(home, "clone/away.json"));
  await originsOf("lab_data/lab.json");
  await symlink("../../lab_data/lab.json", join(home, "clone/app/out.json"));
  expect(Object.keys(await originsNamed("clone/away.json"))).toEqual(["clone/app/real.json"]);
  expect(await originsNamed("clone/app/out.json")).toEqual({});
});

test("a file of another user needs trust wherever it lies", async () => {
  await originsOf("lab_data/lab.json");
  await chown(join(home, "lab_data/lab.json"), 4321, 4321);
  expect(Object.keys(await originsNamed("lab_data/lab.json"))).toEqual(["lab_data/lab.json"]);
});

test("the digest is of the file and of what it names in the clone", async () => {
  await write("clone/app/known_hosts", "one");
  await write("own", "mine");
  const options = { known_hosts: ["known_hosts", join(home, "own")], client_keys: ["key"] };
  const digest = async () => (await originsOf("clone/app/lab.json", options))["clone/app/lab.json"];
  const first = await digest();
  expect(first).toMatch(/^[0-9a-f]{64}$/);
  await write("own", "changed");
  expect(await digest()).toBe(first);
  await write("clone/app/known_hosts", "two");
  const second = await digest();
  await write("clone/app/key", "");
  const third = await digest();
  expect(new Set([first, second, third]).size).toBe(3);
});

test("the digest is of the programs and scripts in the clone that print secrets", async () => {
  const options = { password_command: ["./vault"], passphrase_command: ["sh", "scripts/phrase", "infra/pepper"] };
  const digest = async () => (await originsOf("clone/app/lab.json", options))["clone/app/lab.json"];
  const digests = [await digest()];
  for (const file of ["vault", "scripts/phrase"]) {
    await write(`clone/app/${file}`, "echo");
    digests.push(await digest());
  }
  expect(new Set(digests).size).toBe(3);
});
