import { chmod, mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { loadLab } from "./lab-loading.js";
import { planLabAddition, planLabRemoval, writeLab } from "./lab-writing.js";
import { parseMachineAddress } from "./machine-address.js";

let home: string;
let file: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "otto-lab-"));
  file = join(home, ".config/otto/lab.json");
});
afterEach(() => rm(home, { recursive: true }));

const parent = (machine: string, ...via: readonly string[]) => ({
  machine: parseMachineAddress(machine),
  via: via.map(parseMachineAddress),
  lab: "bench",
});

async function add(machine: string, via: readonly string[] = [], more = {}, force = false) {
  const change = await planLabAddition(file, { ...parent(machine, ...via), ...more }, { force });
  await writeLab(change);
  return change;
}

const load = () => loadLab({ repos: [], name: "bench", home });

test("a parent and the hops on the way make a lab that loads, in a file that is its owner's alone", async () => {
  expect(await add("ci@10.0.0.7", ["ci@gate.example.org:2222"], { identity: "~/.ssh/ci" })).toMatchObject({
    parent: "10-0-0-7",
    isNew: true,
  });
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect((await load()).hosts).toMatchObject([
    { id: "gate", ip: "gate.example.org", user: "ci", dockerCapable: false, ssh: { port: 2222 } },
    { id: "10-0-0-7", ip: "10.0.0.7", hop: "gate", dockerCapable: true, ssh: { clientKeys: [join(home, ".ssh/ci")] } },
  ]);
});

test("roles are the parent's, not its hop's", async () => {
  await add("ci@10.0.0.7", ["ci@gate"], { name: "pepper", roles: ["db"] });
  expect((await load()).hosts.map(({ id, roles }) => [id, roles])).toEqual([
    ["gate", []],
    ["pepper", ["db"]],
  ]);
});

test("a hop that is there is used, by its address or its id, and a chain is in order", async () => {
  await add("ci@10.0.0.7", ["ci@gate"], { name: "pepper" });
  await add("ci@10.0.0.8", ["ci@gate", "ci@inner"], { name: "carrot" });
  await add("ci@10.0.0.9", ["inner"], { name: "leek" });
  const { hosts } = await load();
  expect(hosts.map(({ id, hop }) => `${id} < ${hop ?? ""}`)).toEqual([
    "gate < ",
    "pepper < gate",
    "inner < gate",
    "carrot < inner",
    "leek < inner",
  ]);
});

test("an entry that is there is replaced only by force, and the rest of the file stays as it is written", async () => {
  await add("ci@10.0.0.7", [], { name: "pepper" });
  const text = `{\n\t"hosts": [\n\t\t{ "element": "pepper", "ip": "old", "creds": [{"login": "ci"}], "labs": ["bench"] },\n\t\t{ "element": "mine",   "ip": "10.1.1.1", "creds": [{"login": "x", "password": "p"}], "labs": [] }\n\t],\n\t"links": []\n}\n`;
  await writeFile(file, text);
  await chmod(file, 0o640);
  await expect(add("ci@10.0.0.7", [], { name: "pepper" })).rejects.toMatchObject({ code: "LAB_HOST_EXISTS" });
  expect(await readFile(file, "utf8")).toBe(text);
  await add("ci@10.0.0.7", [], { name: "pepper" }, true);
  const changed = await readFile(file, "utf8");
  expect(changed).toContain('\t\t{ "element": "mine",   "ip": "10.1.1.1"');
  expect(changed).toMatch(/\t"links": \[\]\n\}\n$/);
  expect((await load()).hosts).toMatchObject([{ id: "pepper", ip: "10.0.0.7" }]);
  expect((await stat(file)).mode & 0o777).toBe(0o640);
});

test("a YAML file keeps its comments, and a link to a file stays a link", async () => {
  await mkdir(join(home, "real"));
  await writeFile(join(home, "real/lab.yaml"), "# ours\nhosts: []\n");
  file = join(home, "lab.yaml");
  await symlink(join(home, "real/lab.yaml"), file);
  await add("ci@10.0.0.7", [], { name: "pepper" });
  expect(await readFile(join(home, "real/lab.yaml"), "utf8")).toMatch(/^# ours\nhosts:\n/);
});

test("a host is removed, unless another one is reached through it", async () => {
  await add("ci@10.0.0.7", ["ci@gate"], { name: "pepper" });
  await expect(planLabRemoval(file, "gate")).rejects.toMatchObject({ code: "LAB_HOP_NEEDED" });
  await expect(planLabRemoval(file, "none")).rejects.toMatchObject({ code: "LAB_UNKNOWN_HOST" });
  await writeLab(await planLabRemoval(file, "pepper"));
  expect((await load()).hosts.map(({ id }) => id)).toEqual(["gate"]);
});

test("a file that is no lab is left alone", async () => {
  await add("ci@10.0.0.7");
  await writeFile(file, "{ nonsense");
  await expect(add("ci@10.0.0.8")).rejects.toMatchObject({ code: "LAB_SYNTAX" });
  expect(await readFile(file, "utf8")).toBe("{ nonsense");
});

test.each([
  ["ci@10.0.0.7", { user: "ci", host: "10.0.0.7" }],
  ["ssh://ci@pepper:2222/", { user: "ci", host: "pepper", port: 2222 }],
  ["ci@[fd00::7]:22", { user: "ci", host: "fd00::7", port: 22 }],
  ["gate", { host: "gate" }],
])("%s is %j", (text, expected) => {
  expect(parseMachineAddress(text)).toEqual(expected);
});

test.each(["", "ci@", "ci@a:0", "ci@a:99999", "ci:secret@a", "-oProxyCommand=x", "a b", "ci@a\u001b"])(
  "%j is no machine, and its password is not shown",
  (text) => {
    expect(() => parseMachineAddress(text)).toThrow(
      expect.objectContaining({ code: "LAB_MACHINE_INVALID", message: expect.not.stringContaining("secret") }),
    );
  },
);

test("a machine without a login is refused", async () => {
  await expect(add("10.0.0.7")).rejects.toMatchObject({ code: "LAB_MACHINE_INVALID" });
});
