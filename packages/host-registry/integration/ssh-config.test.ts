import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { loadLab, loadRepo } from "@otto/config";
import { Lab } from "@otto/host-registry";
import { startLab, type Lab as TestLab } from "@otto/lab";
import { afterAll, beforeAll, expect, test } from "vitest";

let machines: TestLab<"bastion" | "parent">;
let home: string;

beforeAll(async () => {
  machines = await startLab({ hosts: { bastion: {}, parent: { hop: "bastion" } } });
  home = join(machines.directory, "user");
  await mkdir(join(home, ".ssh"), { recursive: true });
  const { bastion, parent } = machines.hosts;
  await mkdir(join(home, ".ssh", "lab.d"));
  await writeFile(
    join(home, ".ssh", "lab.d", "parent.conf"),
    `Host box
  HostName ${parent.address}
  Port ${parent.port}
  ProxyJump gate
`,
  );
  await writeFile(
    join(home, ".ssh", "config"),
    `Include ${join(home, ".ssh", "lab.d")}/*.conf
Host gate
  HostName ${bastion.address}
  Port ${bastion.port}
Host *
  User ${parent.user}
  IdentityFile ${machines.privateKeyPath}
`,
  );
  const settings = 'name = "r"\nversion = "1.0.0"\n[[lab.sources]]\nbackend = "json"\npaths = ["../lab.json"]\n';
  await mkdir(join(home, "repo", ".otto"), { recursive: true });
  await writeFile(join(home, "repo", ".otto", "settings.toml"), settings);
});

afterAll(() => machines[Symbol.asyncDispose]());

/** Opens a lab of one parent, whose lab.json says what `host` says. */
async function openParentLab(host: object): Promise<Lab> {
  const base = { ip: "box", element: "parent", creds: [{ login: "nobody-here" }], labs: ["lab"], docker_capable: true };
  await writeFile(join(home, "lab.json"), JSON.stringify({ hosts: [{ ...base, ...host }], links: [] }));
  const repos = [await loadRepo(join(home, "repo"), { home })];
  return new Lab({ data: await loadLab({ repos, name: "lab", home }), repos, env: {}, home });
}

test("address, port, user, key and jump come from ~/.ssh/config and what it includes, and commands and engine work through them", async () => {
  const known_hosts = machines.knownHostsPath;
  await using lab = await openParentLab({ ssh_options: { use_ssh_config: true, known_hosts, agent: false } });
  const { exitCode, stdout } = await lab.parent("parent").exec("echo $SSH_CONNECTION");
  expect([exitCode, stdout.toString().trim().split(" ").at(-1)]).toEqual([0, `${machines.hosts.parent.sshdPort}`]);
  expect((await lab.parent("parent").engine.version()).version).toMatch(/^\d+\./);
  const handshakes = Object.values(machines.hosts).map((machine) => machine.handshakes());
  expect(await Promise.all(handshakes)).toEqual([1, 1]);
});

test("without use_ssh_config the file is not read", async () => {
  await using lab = await openParentLab({ ssh_options: { agent: false, connect_timeout: 2 } });
  await expect(lab.parent("parent").exec(["true"])).rejects.toMatchObject({
    code: "SSH_CONNECT_FAILED",
    details: { host: "box" },
  });
});

test("a host whose key is on the list of RevokedHostKeys is refused", async () => {
  const config = await readFile(join(home, ".ssh", "config"), "utf8");
  const revoked = join(home, "revoked");
  await writeFile(revoked, `${machines.hosts.parent.hostKeys[0]?.publicKey}\n`);
  await writeFile(join(home, ".ssh", "config"), `Match originalhost box\n  RevokedHostKeys ${revoked}\n${config}`);
  const known_hosts = machines.knownHostsPath;
  await using lab = await openParentLab({ ssh_options: { use_ssh_config: true, known_hosts, agent: false } });
  await expect(lab.parent("parent").exec(["true"])).rejects.toMatchObject({
    code: "SSH_HOST_KEY_REVOKED",
    details: { hop: "parent", file: revoked },
  });
});
