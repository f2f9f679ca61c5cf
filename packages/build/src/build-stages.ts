import { createGlobalScope, type GlobalScope, type VariableInputs } from "./build-variables.js";
import { findEscape, type Instruction, readArguments, readInstructions } from "./dockerfile.js";
import { type ExpandedWord, expandWord } from "./shell-word.js";

/** A stage of a Dockerfile. */
export interface BuildStage {
  /** In lower case; empty without one. */
  readonly name: string;
  readonly from: Instruction;
  /** What it begins with, as `FROM` says it. */
  readonly base: ExpandedWord;
  /** The stage that it begins with; undefined: an image, or nothing. */
  readonly baseStage: number | undefined;
  /** Those behind its `FROM`. */
  readonly instructions: readonly Instruction[];
  /** Images and named contexts that it begins with and takes files from. */
  readonly images: readonly NamedImage[];
  /** Indexes of the stages that it begins with and takes files from. */
  readonly stages: readonly number[];
}

export interface NamedImage {
  readonly name: string;
  /** Of the instruction that names it. */
  readonly line: number;
}

export interface StageList {
  readonly globals: GlobalScope;
  readonly stages: readonly BuildStage[];
}

/** The stages of a Dockerfile. Variables without a value are empty in the names of images. */
export function readStages(dockerfile: string, inputs: VariableInputs): StageList {
  const globals = createGlobalScope(findEscape(dockerfile), inputs);
  const stages: OpenStage[] = [];
  for (const instruction of readInstructions(dockerfile)) {
    const stage = stages.at(-1);
    if (instruction.keyword === "FROM") stages.push(openStage(instruction, globals, stages));
    else if (stage !== undefined) addInstruction(stage, instruction, { globals, stages });
    else if (instruction.keyword === "ARG") globals.declare(instruction);
  }
  return { globals, stages };
}

interface OpenStage extends BuildStage {
  readonly instructions: Instruction[];
  readonly images: NamedImage[];
  readonly stages: number[];
}

function openStage(from: Instruction, globals: GlobalScope, before: readonly OpenStage[]): OpenStage {
  const [word = "", as = "", name = ""] = readArguments(from).words;
  const base = expandWord(word, globals);
  const baseStage = findStage(before, base.text);
  const stage: OpenStage = {
    name: /^as$/i.test(as) ? name.toLowerCase() : "",
    from,
    base,
    baseStage,
    instructions: [],
    images: [],
    stages: [],
  };
  if (baseStage === undefined) addImage(stage, base.text, from.line);
  else stage.stages.push(baseStage);
  // Its base may be any of them.
  if (base.unknown !== undefined) stage.stages.push(...before.keys());
  return stage;
}

function addInstruction(
  stage: OpenStage,
  instruction: Instruction,
  { globals, stages }: { readonly globals: GlobalScope; readonly stages: readonly OpenStage[] },
): void {
  stage.instructions.push(instruction);
  for (const word of sourceNames(instruction)) {
    const name = expandWord(word, globals).text;
    const index = findSourceStage(stages, name);
    if (index === undefined) addImage(stage, name, instruction.line);
    else stage.stages.push(index);
  }
}

function addImage(stage: OpenStage, name: string, line: number): void {
  if (!/^(\/|$)/.test(name) && name.toLowerCase() !== "scratch") stage.images.push({ name, line });
}

const namesSource: Readonly<Record<string, RegExp>> = {
  COPY: /(?:^|\s)--from=(\S+)/g,
  RUN: /(?:^|\s)--mount=(?:\S+,)?from=([^\s,]+)/gi,
};

function sourceNames({ keyword, rest }: Instruction): string[] {
  const pattern = namesSource[keyword];
  return pattern === undefined ? [] : [...rest.matchAll(pattern)].map(([, name = ""]) => name);
}

function findStage(stages: readonly BuildStage[], name: string): number | undefined {
  const index = name === "" ? -1 : stages.findLastIndex((stage) => stage.name === name.toLowerCase());
  return index === -1 ? undefined : index;
}

/** `COPY` and `RUN` name a stage by its number, too. */
export function findSourceStage(stages: readonly BuildStage[], name: string): number | undefined {
  return /^\d+$/.test(name) ? Number(name) : findStage(stages, name);
}

/** The stages that the target needs. If the target is not a stage, `undefined`. */
export function reachStages({ stages }: StageList, target: string | undefined): ReadonlySet<number> | undefined {
  const first = target === undefined ? stages.length - 1 : (findStage(stages, target) ?? numberOf(target));
  if (first === undefined || stages[first] === undefined) return undefined;
  const reached = new Set([first]);
  for (const index of reached) for (const other of stages[index]?.stages ?? []) reached.add(other);
  return reached;
}

function numberOf(target: string): number | undefined {
  return /^\d+$/.test(target) ? Number(target) : undefined;
}
