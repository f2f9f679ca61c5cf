interface CommonOption {
  /** One line for `--help`. */
  readonly description?: string;
  /** May be given several times; the value is a list. */
  readonly multiple?: boolean;
  /** Whether a run without it is refused. */
  readonly required?: boolean;
}

/** An option of an instruction: `times: { type: "number", default: 1 }` is `--times 3` on the command line. */
export type InstructionOption =
  | (CommonOption & { readonly type: "string"; readonly default?: string; readonly choices?: readonly string[] })
  | (CommonOption & { readonly type: "number"; readonly default?: number })
  | { readonly type: "boolean"; readonly description?: string; readonly default?: boolean };

/** Options by name, in camel case. */
export type InstructionOptions = Readonly<Record<string, InstructionOption>>;

/** The values that a body gets for its options. */
export type OptionValues<Options extends InstructionOptions> = {
  readonly [Name in keyof Options]: ValueOf<Options[Name]>;
};

type ValueOf<Option extends InstructionOption> = Option extends { readonly multiple: true }
  ? readonly ScalarOf<Option>[]
  : Option extends { readonly type: "boolean" } | { readonly required: true } | { readonly default: string | number }
    ? ScalarOf<Option>
    : ScalarOf<Option> | undefined;

type ScalarOf<Option extends InstructionOption> = Option extends { readonly type: "boolean" }
  ? boolean
  : Option extends { readonly type: "number" }
    ? number
    : Option extends { readonly choices: readonly (infer Choice)[] }
      ? Choice
      : string;

/** How an option is written on a command line, without its dashes: `maxTimes` is `max-times`. */
export function optionFlag(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** @throws TypeError for options that no command line could give, and defaults that do not fit */
export function checkOptions(options: InstructionOptions): void {
  for (const [name, option] of Object.entries(options)) {
    if (!/^[a-z][a-zA-Z0-9]*$/.test(name)) throw new TypeError(`the option name ${name} is not in camel case`);
    if (option.default !== undefined && !isValue(option, option.default)) {
      throw new TypeError(`the default of the option ${name} is no ${describeOption(option)}`);
    }
  }
}

/** Whether a value is one of the option's type and choices. */
export function isValue(option: InstructionOption, value: unknown): boolean {
  if (option.type === "number") return typeof value === "number" && !Number.isNaN(value);
  if (option.type === "boolean") return typeof value === "boolean";
  return typeof value === "string" && (option.choices?.includes(value) ?? true);
}

/** What values it takes, in words. */
export function describeOption(option: InstructionOption): string {
  return option.type === "string" && option.choices !== undefined ? option.choices.join(" | ") : option.type;
}
