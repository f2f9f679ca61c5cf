import { writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { runCommand } from "./command.js";
import { workspaceRoot } from "./published-packages.js";
import type { Example } from "./readme.js";
import type { Surroundings } from "./surroundings.js";

const compiler = join(workspaceRoot, "node_modules/.bin/tsc");

/** Runs a README's example in a project, TypeScript after it has been type-checked, and gives what it printed. */
export async function runExample(
  project: string,
  { language, text, files }: Example,
  { args, env }: Surroundings,
): Promise<string> {
  for (const [path, content] of Object.entries(files)) await writeFile(join(project, path), content);
  if (language === "ts") await writeFile(join(project, "example.ts"), text);
  if (language === "ts" || Object.keys(files).length > 0)
    await runCommand([compiler, "--project", "tsconfig.json"], { cwd: project });
  if (language === "sh") {
    const path = [join(project, "node_modules/.bin"), process.env.PATH].join(delimiter);
    return runCommand(["bash", "-euo", "pipefail", "-c", text], { cwd: project, env: { ...env, PATH: path } });
  }
  return runCommand([process.execPath, "out/example.js", ...args], { cwd: project, env });
}
