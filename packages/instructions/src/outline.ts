import { readFile } from "node:fs/promises";
import type { Repo } from "@otto/config";
import { findModules, nameOfExport } from "./modules.js";
import type { InstructionOption } from "./option.js";

/** What the text of a module shows of an instruction. */
export interface InstructionOutline {
  readonly name: string;
  /** Empty when no literal says it. */
  readonly description: string;
  readonly options: readonly OptionOutline[];
}

/** What the text shows of an option. */
export interface OptionOutline {
  /** In camel case. */
  readonly name: string;
  readonly type: InstructionOption["type"];
  /** Those that are written out at the option; empty when it takes any value, or when no literal says which. */
  readonly choices: readonly string[];
  /** Of a boolean: whether it is on without being given. */
  readonly isOn: boolean;
}

// The definition ends where the body begins, at its arrow, or at the latest with the next export.
const definition =
  /^export (?:const (?<name>[\w$]+)[^=\n]*=|default)\s*instruction\((?<text>.*?)(?==>|^export |(?!.))/gms;
const description = /\bdescription:\s*(?<quote>["'`])(?<text>.*?)\k<quote>/;
const option = /\b(?<name>\w+):\s*\{(?<text>[^{}]*\btype:\s*["'](?<type>string|number|boolean)\b[^{}]*)/g;
const choices = /\bchoices:\s*\[(?<list>[^\]]*)\]/;
const literal = /(?<quote>["'])(?<text>(?:\\.|(?!\k<quote>)[^\\\n])*)\k<quote>/g;

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
    options: [...text.matchAll(option)].map(({ groups }) => readOption(groups ?? {})),
  }));
}

function readOption({ name = "", type, text = "" }: Readonly<Record<string, string>>): OptionOutline {
  const list = type === "string" ? (choices.exec(text)?.groups?.list ?? "") : "";
  const values = [...list.matchAll(literal)].map(({ groups }) => groups?.text ?? "");
  return {
    name,
    type: type as OptionOutline["type"],
    // What a backslash stands for is not read.
    choices: values.filter((value) => !value.includes("\\")),
    isOn: type === "boolean" && /\bdefault:\s*true\b/.test(text),
  };
}
