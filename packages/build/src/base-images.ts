import { type Instruction, readDirective, readInstructions } from "./dockerfile.js";

/**
 * The images that a Dockerfile names: its frontend, those that it begins with and takes files from. Variables without a
 * value are empty: those that the builder sets (`TARGETARCH`) may be missing in a name, which its registry never needs.
 */
export function findBaseImages(dockerfile: string, buildArgs: Readonly<Record<string, string>>): readonly string[] {
  const variables = new Map<string, string>();
  const stages = new Set(["scratch"]);
  const frontend = buildArgs.BUILDKIT_SYNTAX ?? readDirective(dockerfile, "syntax");
  const images = new Set(frontend === undefined ? [] : [frontend]);
  for (const instruction of readInstructions(dockerfile)) {
    if (instruction.keyword === "ARG" && stages.size === 1) declare(variables, instruction, buildArgs);
    for (const name of imagesIn(instruction)) {
      const image = expand(name, variables);
      if (!stages.has(image.toLowerCase()) && !/^(\d*$|\/)/.test(image)) images.add(image);
    }
    if (instruction.keyword === "FROM") stages.add(stageOf(instruction).toLowerCase());
  }
  return [...images];
}

/** More than any reference has. Values that double each time must not fill the memory. */
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

/** The name of the stage that a `FROM` begins. */
function stageOf({ rest }: Instruction): string {
  return /^(?:--\S+\s+)*\S+\s+as\s+(\S+)/i.exec(rest)?.[1] ?? "";
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
