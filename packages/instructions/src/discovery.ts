import type { Repo } from "@otto/config";
import { nearestWord, OttoError } from "@otto/errors";
import { type Instruction, isInstruction } from "./instruction.js";
import { createModuleLoader } from "./module-loader.js";
import { defaultPlace, findModules, nameOfExport } from "./modules.js";

/** An instruction, where it was found, and the name that it goes by. */
export interface FoundInstruction {
  readonly name: string;
  readonly repo: Repo;
  /** Absolute path of its module. */
  readonly file: string;
  readonly instruction: Instruction;
}

export interface DiscoverOptions {
  /** Directory to keep translated modules in. Default `false`: none. */
  readonly cacheDir?: string | false | undefined;
}

/**
 * Loads the instruction modules of the repos: what they export as `name` is the instruction `name`, a default export goes
 * by its file's name.
 *
 * @returns in the order of repos and files, of one file by name. Several may have one name: {@link findInstruction} refuses it
 * @throws OttoError `INSTRUCTION_IMPORT_FAILED` naming file and line
 */
export async function discoverInstructions(
  repos: readonly Repo[],
  { cacheDir = false }: DiscoverOptions = {},
): Promise<FoundInstruction[]> {
  const found: FoundInstruction[] = [];
  for (const repo of repos) {
    const files = await findModules(repo);
    if (files.length === 0) continue;
    const load = await createModuleLoader({ root: repo.root, cacheDir });
    for (const file of files) found.push(...readExports(await load(file), { repo, file }));
  }
  return withoutRepetition(found);
}

/**
 * The one of this name.
 * @throws OttoError `INSTRUCTION_UNKNOWN` with the names there are, `INSTRUCTION_NAME_CLASH` naming both files
 */
export function findInstruction(found: readonly FoundInstruction[], name: string): FoundInstruction {
  const [wanted, other] = found.filter((candidate) => candidate.name === name);
  if (wanted !== undefined && other !== undefined) throw nameClash(wanted, other);
  if (wanted !== undefined) return wanted;
  const known = found.map((candidate) => candidate.name);
  const near = nearestWord(name, known);
  const suggestion = near === undefined ? "" : `Did you mean "${near}"? `;
  throw new OttoError("INSTRUCTION_UNKNOWN", `looking for the instruction ${name}: there is none of that name`, {
    hint:
      known.length === 0
        ? `Export one from ${defaultPlace}, or name its module in the settings: instructions = ["otto/*.ts"]`
        : `${suggestion}Known instructions: ${known.join(", ")}.`,
    details: { instruction: name, known },
  });
}

function readExports(
  module: Readonly<Record<string, unknown>>,
  place: Pick<FoundInstruction, "repo" | "file">,
): FoundInstruction[] {
  const exports = Object.entries(module).sort(([a], [b]) => (a < b ? -1 : 1));
  return exports.flatMap(([exported, value]) => {
    if (!isInstruction(value)) return [];
    return [{ ...place, name: nameOfExport(exported, place.file), instruction: value }];
  });
}

/** One that a second module exports again is the same. */
function withoutRepetition(found: readonly FoundInstruction[]): FoundInstruction[] {
  return found.filter((candidate, index) => {
    const { name, instruction } = candidate;
    return index === found.findIndex((other) => other.name === name && other.instruction === instruction);
  });
}

function nameClash(first: FoundInstruction, second: FoundInstruction): OttoError {
  const isOneRepo = first.repo.root === second.repo.root;
  return new OttoError(
    "INSTRUCTION_NAME_CLASH",
    `looking for instructions: ${first.name} is defined in ${first.file} and in ${second.file}`,
    {
      hint: isOneRepo ? "Rename one of them." : "Rename one of them, or name one repository: --repo NAME",
      details: { instruction: first.name, files: [first.file, second.file] },
    },
  );
}
