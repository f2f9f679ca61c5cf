import { readFile } from "node:fs/promises";
import type { Repo } from "@otto/config";
import { findModules, nameOfExport } from "./modules.js";

/** What the text of a module shows of an instruction. */
export interface InstructionOutline {
  readonly name: string;
  /** Empty when no literal says it. */
  readonly description: string;
  /** Names of its options, in camel case. */
  readonly options: readonly string[];
}

// The definition ends where the body begins, at its arrow, or at the latest with the next export.
const definition =
  /^export (?:const (?<name>[\w$]+)[^=\n]*=|default)\s*instruction\((?<text>.*?)(?==>|^export |(?!.))/gms;
const description = /\bdescription:\s*(?<quote>["'`])(?<text>.*?)\k<quote>/;
const option = /\b(?<name>\w+):\s*\{[^{}]*\btype:\s*["'](?:string|number|boolean)\b/g;

/**
 * The instructions of the repos as their modules are written, without running them: `export const name = instruction(…)`
 * and `export default instruction(…)`. One that is made or exported in another way is not seen.
 */
export async function outlineInstructions(repos: readonly Repo[]): Promise<InstructionOutline[]> {
  const outlines: InstructionOutline[] = [];
  for (const repo of repos) {
    for (const file of await findModules(repo)) {
      outlines.push(...readOutlines(await readFile(file, "utf8"), file));
    }
  }
  return outlines;
}

function readOutlines(source: string, file: string): InstructionOutline[] {
  return [...source.matchAll(definition)].map(({ groups: { name = "default", text = "" } = {} }) => ({
    name: nameOfExport(name, file),
    description: description.exec(text)?.groups?.text ?? "",
    options: [...text.matchAll(option)].map(({ groups }) => groups?.name ?? ""),
  }));
}
