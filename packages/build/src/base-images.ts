import { familiarImageName } from "@otto/hashing";
import { findFrontend, type Instruction, readInstructions } from "./dockerfile.js";

export interface DockerfileUse {
  readonly buildArgs: Readonly<Record<string, string>>;
  /** The stage to build; default: the last. */
  readonly target?: string | undefined;
}

/**
 * The images that a Dockerfile names: its frontend, those that it begins with and takes files from. Variables without a
 * value are empty: those that the builder sets (`TARGETARCH`) may be missing in a name, which its registry never needs.
 */
export function findBaseImages(dockerfile: string, use: DockerfileUse): readonly string[] {
  const images = readStages(dockerfile, use.buildArgs).flatMap(imageNames);
  return [...new Set([...frontendOf(dockerfile, use), ...images])];
}

/** The base images that the target needs. If the target is not a stage, all of them. */
export function findReachedImages(dockerfile: string, use: DockerfileUse): readonly string[] {
  return [...new Set([...frontendOf(dockerfile, use), ...findStageImages(dockerfile, use)])];
}

/**
 * The images that the stages of a target begin with and take files from, without the frontend of the Dockerfile. If the
 * target is not a stage, those of all stages.
 * @param dockerfile its text
 */
export function findStageImages(dockerfile: string, use: DockerfileUse): readonly string[] {
  return [...new Set(reachStages(readStages(dockerfile, use.buildArgs), use.target).flatMap(imageNames))];
}

/** The line of the instruction that names an image, or of the `syntax` directive; undefined when no line names it. */
export function findImageLine(dockerfile: string, use: DockerfileUse, image: string): number | undefined {
  const isWanted = (name: string) => familiarImageName(name) === familiarImageName(image);
  const images = readStages(dockerfile, use.buildArgs).flatMap((stage) => stage.images);
  const named = images.find(({ name }) => isWanted(name));
  if (named !== undefined) return named.line;
  return frontendOf(dockerfile, use).some(isWanted) ? findFrontend(dockerfile)?.line : undefined;
}

function frontendOf(dockerfile: string, { buildArgs }: DockerfileUse): readonly string[] {
  const frontend = buildArgs.BUILDKIT_SYNTAX ?? findFrontend(dockerfile)?.value;
  return frontend === undefined ? [] : [frontend];
}

interface NamedImage {
  readonly name: string;
  /** Of the instruction that names it. */
  readonly line: number;
}

const imageNames = ({ images }: Stage) => images.map(({ name }) => name);

interface Stage {
  /** In lower case; empty without one. */
  readonly name: string;
  readonly images: NamedImage[];
  /** Indexes of the stages that it begins with and takes files from. */
  readonly stages: number[];
}

function readStages(dockerfile: string, buildArgs: DockerfileUse["buildArgs"]): readonly Stage[] {
  const variables = new Map<string, string>();
  const stages: Stage[] = [];
  for (const instruction of readInstructions(dockerfile)) {
    if (instruction.keyword === "ARG" && stages.length === 0) declare(variables, instruction, buildArgs);
    const stage = instruction.keyword === "FROM" ? newStage(instruction) : stages.at(-1);
    for (const name of imagesIn(instruction)) {
      addReference(stage, { name: expand(name, variables), line: instruction.line }, stages);
    }
    if (stage !== undefined && instruction.keyword === "FROM") stages.push(stage);
  }
  return stages;
}

function addReference(stage: Stage | undefined, named: NamedImage, before: readonly Stage[]): void {
  const { name } = named;
  const isNumber = /^\d+$/.test(name);
  const index = isNumber ? Number(name) : before.findLastIndex((one) => one.name === name.toLowerCase());
  if (name !== "" && index >= 0) stage?.stages.push(index);
  else if (!/^(\/|$)/.test(name) && name.toLowerCase() !== "scratch") stage?.images.push(named);
}

function reachStages(stages: readonly Stage[], target: string | undefined): readonly Stage[] {
  const last = stages.length - 1;
  const isNumber = target !== undefined && /^\d+$/.test(target);
  const named = stages.findLastIndex(({ name }) => name === target?.toLowerCase());
  const first = target === undefined ? last : named >= 0 || !isNumber ? named : Number(target);
  if (stages[first] === undefined) return stages;
  const reached = new Set([first]);
  for (const index of reached) for (const other of stages[index]?.stages ?? []) reached.add(other);
  return stages.filter((_, index) => reached.has(index));
}

/** Longer than any image reference. Without this limit, ARGs that double each other would exhaust memory. */
const longestValue = 1024;

function declare(variables: Map<string, string>, { rest }: Instruction, buildArgs: Readonly<Record<string, string>>) {
  for (const [, name = "", value] of rest.matchAll(/(\w+)(?:=("[^"]*"|'[^']*'|\S*))?/g)) {
    const declared = value === undefined ? undefined : expand(unquote(value), variables);
    const given = Object.hasOwn(buildArgs, name) ? buildArgs[name] : declared;
    if (given !== undefined) variables.set(name, given.replaceAll("$", "").slice(0, longestValue));
  }
}

const unquote = (value: string) => value.replace(/^(["'])(.*)\1$/, "$2");

const namesImages: Readonly<Record<string, RegExp>> = {
  FROM: /^(?:--\S+\s+)*(\S+)/g,
  COPY: /(?:^|\s)--from=(\S+)/g,
  RUN: /(?:^|\s)--mount=(?:\S+,)?from=([^\s,]+)/gi,
};

function imagesIn({ keyword, rest }: Instruction): string[] {
  const pattern = namesImages[keyword];
  return pattern === undefined ? [] : [...rest.matchAll(pattern)].map(([, image = ""]) => image);
}

/** The stage that a `FROM` begins. */
function newStage({ rest }: Instruction): Stage {
  const name = /^(?:--\S+\s+)*\S+\s+as\s+(\S+)/i.exec(rest)?.[1] ?? "";
  return { name: name.toLowerCase(), images: [], stages: [] };
}

/** Each round takes a `$` away; what is in braces may hold another. */
function expand(text: string, variables: ReadonlyMap<string, string>): string {
  const expanded = text.replace(
    /\$(?:(\w+)|\{(\w+)(?:(:?[-+])([^{}]*))?\})/g,
    (_, plain?: string, braced?: string, operator = "", word = "") => {
      const value = variables.get(plain ?? braced ?? "");
      const isSet = operator.startsWith(":") ? Boolean(value) : value !== undefined;
      if (operator.endsWith("+")) return isSet ? word : "";
      return isSet ? (value ?? "") : word;
    },
  );
  return expanded === text ? text : expand(expanded, variables);
}
