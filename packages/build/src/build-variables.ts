import type { Instruction } from "./dockerfile.js";
import { expandWord, notKnown, splitWords, type VariableValue, type WordScope } from "./shell-word.js";

/** What decides the values of a Dockerfile's variables, beside the Dockerfile. */
export interface VariableInputs {
  readonly buildArgs: Readonly<Record<string, string>>;
  readonly platform?: string | undefined;
}

/** The `ARG`s before the first `FROM`. */
export interface GlobalScope extends WordScope {
  declare(argument: Instruction): void;
}

/** The variables of a stage at one of its instructions. */
export interface StageScope extends WordScope {
  declare(argument: Instruction): void;
  set(environment: Instruction): void;
  /** Those of a stage that begins with this one. */
  derive(): StageScope;
}

export function createGlobalScope(escapeCharacter: string, { buildArgs, platform }: VariableInputs): GlobalScope {
  const values = new Map<string, VariableValue>(platformValues(platform));
  const scope: GlobalScope = {
    escapeCharacter,
    valueOf: (name): VariableValue => values.get(name),
    declare(argument) {
      for (const { name, text } of readPairs(argument, escapeCharacter)) {
        const given: VariableValue = Object.hasOwn(buildArgs, name) ? buildArgs[name] : expandValue(text, scope);
        // What the builder sets by itself stays without a default.
        if (given !== undefined) values.set(name, given);
      }
    },
  };
  return scope;
}

export interface StageBase {
  readonly globals: GlobalScope;
  readonly buildArgs: Readonly<Record<string, string>>;
  /** Whether the stage begins with an image, whose environment only the engine knows. */
  readonly hasImage: boolean;
}

/** The variables of a stage that begins with an image, or with nothing. */
export function createStageScope(base: StageBase): StageScope {
  return openStageScope(base, { environment: new Map(), declared: new Map(), hasOthers: base.hasImage });
}

interface StageValues {
  readonly environment: Map<string, VariableValue>;
  readonly declared: Map<string, VariableValue>;
  /** Whether variables may be set that are in neither. */
  hasOthers: boolean;
}

function openStageScope(base: StageBase, values: StageValues): StageScope {
  const { globals, buildArgs } = base;
  const { environment, declared } = values;
  const { escapeCharacter } = globals;
  const scope: StageScope = {
    escapeCharacter,
    valueOf(name): VariableValue {
      const set: VariableValue = environment.get(name);
      const argument: VariableValue = declared.get(name);
      // Builders of different ages differ in which of the two wins.
      if (environment.has(name)) return declared.has(name) && set !== argument ? notKnown : set;
      if (declared.has(name)) return argument;
      return values.hasOthers || name === "PATH" ? notKnown : undefined;
    },
    declare(instruction) {
      for (const { name, text } of readPairs(instruction, escapeCharacter)) {
        const given: VariableValue = Object.hasOwn(buildArgs, name) ? buildArgs[name] : expandValue(text, scope);
        const value = given ?? globals.valueOf(name);
        if (value !== undefined) declared.set(name, value);
        else if (!declared.has(name)) declared.set(name, notKnown);
      }
    },
    set(instruction) {
      const pairs = readPairs(instruction, escapeCharacter, " ").map(({ name, text = "" }) => {
        return [expandValue(name, scope), expandValue(text, scope)] as const;
      });
      for (const [name, value] of pairs) {
        if (typeof name === "string") environment.set(name, value);
        else values.hasOthers = true;
      }
    },
    derive: () => openStageScope(base, { ...values, environment: new Map(environment), declared: new Map(declared) }),
  };
  return scope;
}

function expandValue(text: string | undefined, scope: WordScope): VariableValue {
  if (text === undefined) return undefined;
  const expanded = expandWord(text, scope);
  return expanded.unknown === undefined ? expanded.text : notKnown;
}

interface Pair {
  readonly name: string;
  readonly text: string | undefined;
}

/** @param legacy what parts the one pair of an instruction whose first word has no `=` */
function readPairs({ rest }: Instruction, escapeCharacter: string, legacy?: " "): readonly Pair[] {
  const words = splitWords(rest, escapeCharacter);
  if (legacy !== undefined && words[0]?.includes("=") === false) {
    const [, name = "", text = ""] = /^(\S+)\s*(.*)$/s.exec(rest) ?? [];
    return [{ name, text }];
  }
  return words.map((word) => {
    const end = word.indexOf("=");
    return end === -1 ? { name: word, text: undefined } : { name: word.slice(0, end), text: word.slice(end + 1) };
  });
}

const platformParts = ["PLATFORM", "OS", "OSVERSION", "ARCH", "VARIANT"] as const;
// Those that the builder writes as they are given; it renames others (`x86_64`) or takes parts away.
const plainPlatform = /^(linux)\/(amd64|arm64|386|ppc64le|s390x|riscv64|(?:arm(?=\/v[67])))(?:\/(v[67]))?$/;

/** What the builder sets by itself: known where the settings name the platform. */
function platformValues(platform: string | undefined): [string, VariableValue][] {
  const parts = [...platformParts.flatMap((part) => [`BUILD${part}`, `TARGET${part}`]), "TARGETSTAGE"];
  const values = new Map<string, VariableValue>(parts.map((name) => [name, notKnown]));
  const [, os, architecture, variant = ""] = plainPlatform.exec(platform ?? "") ?? [];
  if (os === undefined || (variant !== "" && architecture !== "arm")) return [...values];
  return [
    ...values,
    ["TARGETPLATFORM", platform],
    ["TARGETOS", os],
    ["TARGETARCH", architecture],
    ["TARGETVARIANT", variant],
  ];
}
