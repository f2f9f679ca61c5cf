import type { Argument, Command, Option } from "commander";

/** What could stand where the cursor is. */
export type Subject =
  | "nothing"
  | "words"
  | "lab"
  | "repo"
  | "host"
  | "parent"
  | "image"
  | "service"
  | "instruction"
  | "instruction-option"
  | "sent-path"
  | "fetched-path";

/** What a line with a word that is being typed asks for. */
export interface Question {
  readonly subject: Subject;
  /** The answers to `words`, with their descriptions. */
  readonly words: readonly Candidate[];
  /** What has been typed of the answer. */
  readonly typed: string;
  /** What stands before the answer in the same word: `--lab=`. */
  readonly lead: string;
  /** Values of the options before, by their names: `lab`. */
  readonly options: Readonly<Record<string, string>>;
  /** `otto host HOST …` */
  readonly host: string | undefined;
  /** The arguments of the command that stand before. */
  readonly before: readonly string[];
}

export interface Candidate {
  readonly value: string;
  readonly description?: string;
}

/** What each argument is, by its name. */
const argumentSubjects: Readonly<Record<string, Subject>> = {
  command: "nothing",
  given: "instruction-option",
  host: "host",
  id: "host",
  image: "image",
  instruction: "instruction",
  ports: "nothing",
  service: "service",
  words: "nothing",
};

/** What each option's value is, by the option's name. */
const optionSubjects: Readonly<Record<string, Subject>> = {
  env: "nothing",
  lab: "lab",
  mode: "nothing",
  on: "parent",
  profile: "nothing",
  repo: "repo",
  since: "nothing",
  stopTimeout: "nothing",
  tail: "nothing",
  timeout: "nothing",
  user: "nothing",
  workdir: "nothing",
};

/** What an argument or option's value is; undefined when nobody has said. */
export function subjectOf(of: Argument | Option, command: Command): Subject | undefined {
  if (of.argChoices !== undefined) return "words";
  if ("long" in of) return optionSubjects[of.attributeName()];
  if (of.name() === "paths") return command.name() === "put" ? "sent-path" : "fetched-path";
  return argumentSubjects[of.name()];
}

/** Reads a line of `otto`, without `otto`. The last word is the one that is being typed. */
export function readQuestion(program: Command, line: readonly string[]): Question {
  const typed = line.at(-1) ?? "";
  const place = new Place(program);
  for (const word of line.slice(0, -1)) place.pass(word);
  const { command, host, options, before } = place;
  const found = { host, options, before, lead: "", typed };
  if (place.awaiting !== undefined) return { ...found, ...ask(place.awaiting, command) };
  if (!place.onlyWords && typed.startsWith("-")) {
    const [flag = "", ...value] = typed.split("=");
    const option = value.length > 0 ? findOption(command, flag) : undefined;
    if (option) return { ...found, typed: value.join("="), lead: `${flag}=`, ...ask(option, command) };
    return { ...found, subject: "words", words: optionWords(command) };
  }
  if (place.wantsHost) return { ...found, subject: "host", words: [] };
  if (command.commands.length > 0) return { ...found, subject: "words", words: commandWords(command) };
  const argument = argumentAt(command, before.length);
  return { ...found, ...(argument ? ask(argument, command) : { subject: "nothing", words: [] }) };
}

/** Where the cursor stands, as the words before it say. */
class Place {
  command: Command;
  host: string | undefined;
  awaiting: Option | undefined;
  onlyWords = false;
  readonly before: string[] = [];
  readonly options: Record<string, string> = {};

  constructor(program: Command) {
    this.command = program;
  }

  /** `otto host` takes its id before the verb. */
  get wantsHost(): boolean {
    return isHostGroup(this.command) && this.host === undefined;
  }

  pass(word: string): void {
    if (this.awaiting !== undefined) {
      this.options[this.awaiting.attributeName()] = word;
      this.awaiting = undefined;
    } else if (!this.onlyWords && word === "--") this.onlyWords = true;
    else if (!this.onlyWords && word.startsWith("-")) this.#passOption(word);
    else if (this.wantsHost) this.host = word;
    else this.#passWord(word);
  }

  #passOption(word: string): void {
    const [flag = "", ...value] = word.split("=");
    const option = findOption(this.command, flag);
    if (option === undefined || !option.required) return;
    if (value.length > 0) this.options[option.attributeName()] = value.join("=");
    else this.awaiting = option;
  }

  #passWord(word: string): void {
    const command = this.command.commands.find((it) => it.name() === word);
    if (command !== undefined) this.command = command;
    else this.before.push(word);
    // What follows the first word of a command that is run elsewhere is that command's.
    const first = argumentAt(this.command, 0)?.name() ?? "";
    if (this.before.length > 0 && ["command", "instruction", "words"].includes(first)) this.onlyWords = true;
  }
}

function isHostGroup(command: Command): boolean {
  return command.name() === "host" && command.commands.length > 0;
}

function ask(of: Argument | Option, command: Command): Pick<Question, "subject" | "words"> {
  const words = (of.argChoices ?? []).map((value) => ({ value }));
  return { subject: subjectOf(of, command) ?? "nothing", words };
}

/** The id of a host command stands before its verb. */
function argumentAt(command: Command, position: number): Argument | undefined {
  const all = command.registeredArguments;
  const args = command.parent !== null && isHostGroup(command.parent) ? all.slice(1) : all;
  const last = args.at(-1);
  return args[position] ?? (last?.variadic === true ? last : undefined);
}

function findOption(command: Command, flag: string): Option | undefined {
  return optionsOf(command).find(({ short, long }) => short === flag || long === flag);
}

/** The command's own and those of every command. */
function optionsOf(command: Command): readonly Option[] {
  return [...command.options, ...(command.parent === null ? [] : optionsOf(command.parent))];
}

function optionWords(command: Command): readonly Candidate[] {
  const help = { value: "--help", description: "show help" };
  const own = optionsOf(command).map(({ long, description }) => ({ value: long ?? "", description }));
  return [...own, help].filter(({ value }) => value !== "");
}

function commandWords(command: Command): readonly Candidate[] {
  return command.commands.map((it) => ({ value: it.name(), description: it.summary() || it.description() }));
}
