import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { loadLab, loadRepo } from "@otto/config";
import { Lab } from "@otto/host-registry";

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
