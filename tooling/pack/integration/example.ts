import { delimiter, join } from "node:path";
import { runCommand } from "./command.js";
import type { Consumer } from "./consumers.js";
import type { Surroundings } from "./surroundings.js";

/** Runs the example of a README in its project, as TypeScript was compiled, and gives what it printed. */
export async function runExample(
  { directory: cwd, readme: { example } }: Consumer,
  { args, env }: Surroundings,
): Promise<string> {
  if (example.language === "ts") return runCommand([process.execPath, "example.js", ...args], { cwd, env });
  const path = [join(cwd, "node_modules/.bin"), process.env.PATH].join(delimiter);
  return runCommand(["bash", "-euo", "pipefail", "-c", example.text], { cwd, env: { ...env, PATH: path } });
}
