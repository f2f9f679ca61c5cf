import { access, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadLab, loadRepo } from "@otto/config";
import { Lab } from "@otto/host-registry";
import { startLab, type Lab as TestLab } from "@otto/lab";
import { afterAll, beforeAll, expect, test } from "vitest";

let machines: TestLab<"parent">;
let home: string;

beforeAll(async () => {
  machines = await startLab({ hosts: { parent: {} } });
  home = await mkdtemp(join(tmpdir(), "otto-proxy-"));
});

afterAll(async () => {
  await machines[Symbol.asyncDispose]();
  await rm(home, { recursive: true, force: true });
});

/** A lab whose parent is reached by a command alone. @param place of its file, from the repo */
async function openLab(place: string, proxy_command: string): Promise<Lab> {
  const { parent } = machines.hosts;
  const repo = await mkdtemp(join(home, "repo-"));
  await mkdir(join(repo, ".otto"));
  const settings = `name = "r"\nversion = "1.0.0"\n[[lab.sources]]\nbackend = "json"\npaths = ["${place}"]\n`;
  await writeFile(join(repo, ".otto", "settings.toml"), settings);
  const ssh_options = {
    port: 1,
    client_keys: machines.privateKeyPath,
    agent: false,
    host_key: parent.fingerprint,
    proxy_command,
  };
  const host = {
    ip: "nowhere.invalid",
    element: "parent",
    creds: [{ login: parent.user }],
    labs: ["lab"],
    ssh_options,
  };
  await writeFile(join(repo, place), JSON.stringify({ hosts: [{ ...host, docker_capable: true }], links: [] }));
  const repos = [await loadRepo(repo, { home })];
  const { PATH } = process.env;
  return new Lab({ data: await loadLab({ repos, name: "lab", home }), repos, env: { PATH }, home });
}

test("commands and the engine of a parent are reached through a proxy command of the lab", async () => {
  const { address, port } = machines.hosts.parent;
  await using lab = await openLab(`../lab.json`, `nc ${address} ${port}`);
  const parent = lab.parent("parent");
  expect((await parent.exec(["echo", "here"])).stdout.toString()).toBe("here\n");
  expect((await parent.engine.version()).version).toMatch(/^\d+\./);
});

test("the proxy command of a lab file that came with a repository does not run before the user trusts it", async () => {
  const ran = join(home, "ran");
  await using lab = await openLab("lab.json", `sh -c 'touch ${ran}'`);
  await expect(lab.parent("parent").exec(["true"])).rejects.toMatchObject({ code: "LAB_NOT_TRUSTED" });
  await expect(access(ran)).rejects.toMatchObject({ code: "ENOENT" });
});
