import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadLab } from "@otto/config";
import { Lab } from "@otto/host-registry";
import { startLab, type Lab as TestLab } from "@otto/lab";
import { afterAll, beforeAll, expect, test } from "vitest";

let machines: TestLab<"bastion" | "parent">;
let home: string;

beforeAll(async () => {
  machines = await startLab({ hosts: { bastion: {}, parent: { hop: "bastion" } } });
  home = await mkdtemp(join(tmpdir(), "otto-named-"));
  await mkdir(join(home, ".ssh"));
  const { bastion, parent } = machines.hosts;
  const text = `Host gate
  HostName ${bastion.address}
  Port ${bastion.port}
Host box
  HostName ${parent.address}
  Port ${parent.port}
  ProxyJump gate
Host *
  User ${parent.user}
  IdentityFile ${machines.privateKeyPath}
  UserKnownHostsFile ${machines.knownHostsPath}
  StrictHostKeyChecking yes
`;
  await writeFile(join(home, ".ssh", "config"), text);
});

afterAll(async () => {
  await machines[Symbol.asyncDispose]();
  await rm(home, { recursive: true, force: true });
});

const openLab = async () => {
  const { PATH } = process.env;
  return new Lab({ data: await loadLab({ repos: [], name: undefined, home }), repos: [], env: { PATH }, home });
};

test.each(["box", "ssh://box"])("%s is a parent without any lab file, through its ProxyJump", async (name) => {
  await using lab = await openLab();
  const parent = lab.parent(name);
  const { stdout } = await parent.exec("echo $SSH_CONNECTION");
  expect(stdout.toString().trim().split(" ").at(-1)).toBe(String(machines.hosts.parent.sshdPort));
  expect((await parent.engine.version()).version).toMatch(/^\d+\./);
});

test("ssh://user@host:port is a machine, whose unknown key is refused where the configuration is strict", async () => {
  await using lab = await openLab();
  const { address, port, user } = machines.hosts.bastion;
  const { stdout } = await lab.machine(`ssh://${user}@${address}:${port}`).exec(["echo", "here"]);
  expect(stdout.toString()).toBe("here\n");
  await writeFile(join(home, "empty"), "");
  const config = await readFile(join(home, ".ssh", "config"), "utf8");
  await writeFile(join(home, ".ssh", "config"), config.replace(machines.knownHostsPath, join(home, "empty")));
  await using strict = await openLab();
  await expect(strict.machine("gate").exec(["true"])).rejects.toMatchObject({ code: "SSH_HOST_KEY_UNKNOWN" });
});
