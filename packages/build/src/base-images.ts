import { type Instruction, readInstructions } from "./dockerfile.js";

/**
 * The images that a Dockerfile names to take files from. A name that cannot be told before the build, for its variables
 * come from a base image, is not among them.
 */
export function findBaseImages(dockerfile: string, buildArgs: Readonly<Record<string, string>>): readonly string[] {
  const variables = new Map<string, string>();
  const stages = new Set(["scratch"]);
  const images = new Set<string>();
  for (const instruction of readInstructions(dockerfile)) {
    if (instruction.keyword === "ARG" && stages.size === 1) declare(variables, instruction, buildArgs);
    const [name, stage] = imageIn(instruction);
    const image = name === undefined ? undefined : expand(name, variables);
    if (image !== undefined && !stages.has(image.toLowerCase()) && !/^\d+$/.test(image)) images.add(image);
    if (instruction.keyword === "FROM") stages.add(stage?.toLowerCase() ?? "");
  }
  return [...images];
}

function declare(variables: Map<string, string>, { rest }: Instruction, buildArgs: Readonly<Record<string, string>>) {
  for (const [, name = "", value] of rest.matchAll(/(\w+)(?:=("[^"]*"|'[^']*'|\S*))?/g)) {
    const given = buildArgs[name] ?? (value === undefined ? undefined : expand(unquote(value), variables));
    if (given !== undefined) variables.set(name, given);
  }
}

const unquote = (value: string) => value.replace(/^(["'])(.*)\1$/, "$2");

/** The image that an instruction names, and the stage that a `FROM` begins. */
function imageIn({ keyword, rest }: Instruction): [image?: string, stage?: string] {
  if (keyword === "FROM") {
    const [, image = "", stage = ""] = /^(?:--\S+\s+)*(\S+)(?:\s+as\s+(\S+))?/i.exec(rest) ?? [];
    return [image, stage];
  }
  const [, image] = /(?:^|\s)--from=(\S+)/.exec(rest) ?? [];
  return keyword === "COPY" && image !== undefined ? [image] : [];
}

/** @returns undefined where a variable has no value */
function expand(text: string, variables: ReadonlyMap<string, string>): string | undefined {
  let isWhole = true;
  const expanded = text.replace(/\$(?:(\w+)|\{(\w+)(?::-([^}]*))?\})/g, (_, plain, braced, otherwise) => {
    const value = variables.get(plain ?? braced) || (otherwise as string | undefined);
    if (value === undefined) isWhole = false;
    return value ?? "";
  });
  return isWhole && expanded !== "" ? expanded : undefined;
}
