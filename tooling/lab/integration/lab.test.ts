import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { promisify } from "node:util";
import { type Lab, labJson, startLab } from "@otto/lab";
import { expect, test } from "vitest";

const execute = promisify(execFile);

function ssh(lab: Lab, name: string, command: string): Promise<{ stdout: string }> {
  const host = lab.hosts[name];
  if (host === undefined) throw new Error(name);
  const options = ["-F", "none", "-o", `UserKnownHostsFile=${lab.knownHostsPath}`, "-o", "BatchMode=yes"];
  return execute("ssh", [...options, "-i", host.privateKeyPath, "-p", String(host.port), host.address, command]);
}

test("a host runs commands for OpenSSH's client and counts its connections", async () => {
  await using lab = await startLab({ hosts: { bastion: {}, parent: { hop: "bastion" } } });
  expect((await ssh(lab, "parent", "echo ok")).stdout).toBe("ok\n");
  expect(await lab.hosts.parent.handshakes()).toBe(1);
  expect(await lab.hosts.bastion.handshakes()).toBe(0);
  expect(labJson(lab).hosts.map(({ element, docker_capable }) => [element, docker_capable])).toEqual([
    ["bastion", false],
    ["parent", true],
  ]);
});

test("a stopped host refuses connections and comes back on its port, with new keys when asked", async () => {
  await using lab = await startLab({ hosts: { parent: {} } });
  const { fingerprint } = lab.hosts.parent;
  await lab.hosts.parent.stop();
  await expect(ssh(lab, "parent", "true")).rejects.toThrow("Connection refused");
  await lab.hosts.parent.start();
  await ssh(lab, "parent", "true");
  await lab.hosts.parent.start({ newHostKeys: true });
  expect(lab.hosts.parent.fingerprint).not.toBe(fingerprint);
  await expect(ssh(lab, "parent", "true")).rejects.toThrow("REMOTE HOST IDENTIFICATION HAS CHANGED");
});

test("a proxy counts and cuts", async () => {
  await using lab = await startLab({ hosts: { parent: { proxy: { delayMs: 1 } } } });
  const { proxy } = lab.hosts.parent;
  await ssh(lab, "parent", "head -c 1000000 /dev/zero");
  expect(proxy?.bytes.down).toBeGreaterThan(1_000_000);
  const cut = proxy?.cutAfter(100_000);
  await expect(ssh(lab, "parent", "head -c 1000000 /dev/zero")).rejects.toThrow("Command failed");
  await cut;
});

test("the hosts and files of a lab end with the process that started it", async () => {
  const program = `import { startLab } from "@otto/lab";
    const lab = await startLab({ hosts: { parent: {} } });
    console.log(JSON.stringify({ pid: lab.hosts.parent.pid, directory: lab.directory }));
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", program], {
    cwd: import.meta.dirname,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [line] = (await once(child.stdout, "data")) as [Buffer];
  const { pid, directory } = JSON.parse(line.toString()) as { pid: number; directory: string };
  expect([existsSync(`/proc/${pid}`), existsSync(directory)]).toEqual([true, true]);
  child.kill("SIGKILL");
  await once(child, "exit");
  await expect.poll(() => [existsSync(`/proc/${pid}`), existsSync(directory)]).toEqual([false, false]);
});

test("a host that asks for a password has a user of the lab's own, who is gone afterwards", async () => {
  let name: string;
  {
    await using lab = await startLab({ hosts: { parent: { authentication: ["password"] } } });
    name = lab.hosts.parent.user;
    expect((await execute("id", ["-un", name])).stdout).toBe(`${name}\n`);
    await expect(ssh(lab, "parent", "true")).rejects.toThrow("Permission denied (password)");
  }
  await expect(execute("id", [name])).rejects.toThrow("no such user");
});
