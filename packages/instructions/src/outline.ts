import type { Repo } from "@otto/config";
import { readBoundedFile } from "@otto/errors";
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

/** Bytes; longer modules are not read, for nobody writes one. */
const longestModule = 1 << 20;
/** Characters of one definition, before its body. With it the expressions below take no longer than the text is long. */
const longestDefinition = 16_384;

const start = /^export (?:const (?<name>[\w$]+)(?![\w$])[^=\n]*=|default)\s*instruction\(/;
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
      outlines.push(...readOutlines((await readBoundedFile(file, longestModule)).toString(), file));
    }
  }
  return outlines;
}

/** @param source of a module named `file` */
export function readOutlines(source: string, file: string): InstructionOutline[] {
  return source.split(/^(?=export )/m).flatMap((text) => {
    const found = start.exec(text);
    if (found === null) return [];
    const definition = upToBody(text.slice(found[0].length));
    return {
      name: nameOfExport(found.groups?.name ?? "default", file),
      description: description.exec(definition)?.groups?.text ?? "",
      options: [...definition.matchAll(option)].map(({ groups }) => readOption(groups ?? {})),
    };
  });
}

/** The definition ends where the body begins, at its arrow. */
function upToBody(text: string): string {
  const arrow = text.indexOf("=>");
  return text.slice(0, Math.min(arrow === -1 ? text.length : arrow, longestDefinition));
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
