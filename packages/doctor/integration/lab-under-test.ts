import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { loadLab, loadRepo } from "@otto/config";
import { diagnose, type Finding } from "@otto/doctor";
import { Lab } from "@otto/host-registry";
import { labJson, type Lab as Machines } from "@otto/lab";

/** Opens a lab whose lab.json, beside a repo under `home`, holds `hosts`. */
export async function openLab(
  home: string,
  hosts: readonly object[],
  env: Readonly<Record<string, string>> = {},
): Promise<Lab> {
  const root = join(home, "repo");
  await mkdir(join(root, ".otto"), { recursive: true });
  const settings = 'name = "r"\nversion = "1.0.0"\n[[lab.sources]]\nbackend = "json"\npaths = ["../lab.json"]\n';
  await writeFile(join(root, ".otto", "settings.toml"), settings);
  await writeFile(join(home, "lab.json"), JSON.stringify({ hosts, links: [] }));
  const repos = [await loadRepo(root, { home })];
  return new Lab({ data: await loadLab({ repos, name: "lab", home }), repos, env, home });
}

/** What goes into a lab.json, by host. */
export type LabChanges = Readonly<Record<string, HostChanges>>;

interface HostChanges {
  readonly ip?: string;
  readonly ssh_options?: object;
  readonly docker?: object;
}

/** What the doctor says of the host `parent`. @param home a directory of the test's own */
export async function examineParent(home: string, machines: Machines, changes: LabChanges = {}): Promise<Finding[]> {
  const hosts = labJson(machines).hosts.map((host) => {
    const { ssh_options, ...rest } = changes[host.element] ?? {};
    return { ...host, ...rest, ssh_options: { ...host.ssh_options, agent: false, ...ssh_options } };
  });
  await using lab = await openLab(home, hosts);
  const findings: Finding[] = [];
  for await (const finding of diagnose(lab, "parent", new AbortController().signal)) findings.push(finding);
  return findings;
}
