import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import type { HostData, LabData } from "@otto/config";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Lab } from "./lab.js";

let home: string;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "otto-named-"));
  await mkdir(join(home, ".ssh"));
  const text = `Match exec "touch ${home}/ran"\n Port 7\nHost box parent a_b a-b\n User me\nHost *.corp\n User them\nHost *\n Compression yes\n`;
  await writeFile(join(home, ".ssh", "config"), text);
});

afterAll(() => rm(home, { recursive: true }));

const docker = { command: ["docker"] };
const ssh = {
  port: 22,
  clientKeys: [],
  connectTimeoutMs: 1,
  keepaliveIntervalMs: 2,
  keepaliveCountMax: 3,
  compress: false,
};
const parent: HostData = {
  id: "parent",
  handle: "parent",
  element: "parent",
  ip: "10.0.0.1",
  creds: [{ login: "me" }],
  labs: ["l"],
  resources: [],
  roles: [],
  dockerCapable: false,
  ssh: { ...ssh, useSshConfig: false },
  docker,
  isLocal: false,
};
const data: LabData = { name: "l", hosts: [parent], links: [], notes: [] };
const openLab = () => new Lab({ data, repos: [], env: {}, home });

test.each([
  ["box", { id: "box", ip: "box", ssh: { port: 22, useSshConfig: true } }],
  ["web.corp", { id: "web-corp", ip: "web.corp" }],
  ["ssh://box", { id: "box", ip: "box" }],
  [
    "ssh://you@box.example.com:2222",
    { id: "you-box-example-com-2222", ip: "box.example.com", user: "you", ssh: { port: 2222 } },
  ],
  ["ssh://[fe80::1]:23/", { id: "fe80-1-23", ip: "fe80::1", ssh: { port: 23 } }],
  ["ssh://box:22", { id: "box-22", ssh: { port: 22, isPortGiven: true } }],
  ["ssh://CORP%5Cada@box", { user: "CORP\\ada" }],
  ["ssh://a%2Bb@10.0.0.9", { ip: "10.0.0.9", user: "a+b" }],
])("%s is a docker-capable host without a lab", async (name, expected) => {
  await using lab = openLab();
  const host = lab.findHost(name);
  expect(host).toMatchObject({ ...expected, dockerCapable: true, isLocal: false });
  expect(lab.findHost(host.id)).toBe(host);
  expect(lab.parent(name)).toBe(lab.parent(host.id));
  expect(lab.machine(name)).toBe(lab.parent(name));
  expect(await readdir(home)).not.toContain("ran");
});

test("a host of the lab goes before an alias of its name, docker-capable or not", async () => {
  await using lab = openLab();
  expect(lab.findHost("parent")).toBe(parent);
  expect(() => lab.parent("parent")).toThrow(expect.objectContaining({ code: "LAB_HOST_NOT_DOCKER_CAPABLE" }) as Error);
  expect(lab.findHost("ssh://parent")).toMatchObject({ id: "ssh-parent", ip: "parent" });
});

test("machines of names that make the same id are kept apart", async () => {
  await using lab = openLab();
  expect(["a_b", "a-b"].map((name) => lab.findHost(name).id)).toEqual(["ssh-a-b", "a-b"]);
  expect(lab.parent("a_b")).not.toBe(lab.parent("a-b"));
});

test("a name that nobody knows is an error that says what there is, and how to give a machine without a lab", async () => {
  await using lab = openLab();
  for (const name of ["bix", "*", "web.other", "user@box"]) {
    expect(() => lab.findHost(name)).toThrow(
      expect.objectContaining({
        code: "LAB_UNKNOWN_HOST",
        hint: expect.stringMatching(
          /Hosts of the lab: parent\..*box, parent, a_b, a-b\..*ssh:\/\/\[user@\]host\[:port\]/,
        ) as string,
      }) as Error,
    );
  }
});

test.each([
  ...["ssh://", "ssh://me:secret@box", "ssh://me:se/cr@et@box", "ssh://box/path", "ssh://box:0", "ssh://box:65536"],
  ...["ssh://[box", "ssh://a%zz@box"],
])("%s is no machine", async (name) => {
  await using lab = openLab();
  const unknown = {
    code: "LAB_UNKNOWN_HOST",
    hint: expect.stringContaining("a password comes from a lab") as string,
  };
  expect(() => lab.findHost(name)).toThrow(expect.objectContaining(unknown) as Error);
});

test("an error does not show the password of a URL", async () => {
  await using lab = openLab();
  for (const name of ["ssh://me:secret@box", "ssh://me:s/ec@secret@box:22"]) {
    const error: unknown = await Promise.resolve()
      .then(() => lab.findHost(name))
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ message: expect.stringContaining("ssh://…@box") as string });
    expect(inspect(error)).not.toContain("sec");
  }
});
