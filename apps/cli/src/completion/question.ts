import type { Argument, Command, Option } from "commander";
import { LineReader } from "../arguments/line-reader.js";
import { isHostGroup, leavesRest, shortForms } from "../program/subcommand.js";

/** What could stand where the cursor is. */
export type Subject =
  | "nothing"
  | "words"
  | "lab"
  | "repo"
  | "host"
  | "parent"
  | "parents"
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
  hosts: "host",
  id: "host",
  destination: "nothing",
  image: "image",
  instruction: "instruction",
  port: "nothing",
  machine: "nothing",
  ports: "nothing",
  service: "service",
  source: "nothing",
  trace: "nothing",
  words: "nothing",
};

/** What each option's value is, by the option's name. */
const optionSubjects: Readonly<Record<string, Subject>> = {
  buildArg: "nothing",
  env: "nothing",
  for: "nothing",
  identity: "sent-path",
  index: "nothing",
  lab: "lab",
  mode: "nothing",
  name: "nothing",
  on: "parent",
  role: "nothing",
  output: "nothing",
  profile: "nothing",
  repo: "repo",
  signal: "nothing",
  scale: "service",
  since: "nothing",
  status: "nothing",
  stopTimeout: "nothing",
  tail: "nothing",
  timeout: "nothing",
  until: "nothing",
  trace: "nothing",
  entrypoint: "nothing",
  user: "nothing",
  via: "nothing",
  volume: "nothing",
  waitTimeout: "nothing",
  workdir: "nothing",
};

/** What an argument or option's value is; undefined when nobody has said. */
export function subjectOf(of: Argument | Option, command: Command): Subject | undefined {
  if (of.argChoices !== undefined) return "words";
  // Some commands take several, `--on <hosts>`.
  if ("long" in of && of.flags.endsWith("<hosts>")) return "parents";
  if ("long" in of) return optionSubjects[of.attributeName()];
  if (of.name() === "paths") return command.name() === "put" ? "sent-path" : "fetched-path";
  return argumentSubjects[of.name()];
}

/** Reads a line of `otto`, without `otto`. The last word is the one that is being typed. */
export function readQuestion(program: Command, line: readonly string[]): Question {
  const typed = line.at(-1) ?? "";
  const reader = new LineReader(program);
  for (const word of line.slice(0, -1)) reader.read(word);
  const { command, host, values: options, words: before, awaiting } = reader;
  const found = { host, options, before, lead: "", typed };
  if (awaiting !== undefined) return { ...found, ...ask(awaiting, command) };
  if (!reader.onlyWords && !(leavesRest(command) && before.length > 0) && typed.startsWith("-")) {
    const [flag = "", ...value] = typed.split("=");
    const option = value.length > 0 ? reader.findOption(flag) : undefined;
    if (option) return { ...found, typed: value.join("="), lead: `${flag}=`, ...ask(option, command) };
    return { ...found, subject: "words", words: optionWords(command) };
  }
  if (reader.wantsHost) return { ...found, subject: "host", words: [] };
  if (command.commands.length > 0) return { ...found, subject: "words", words: commandWords(command) };
  const argument = argumentAt(command, before.length);
  return { ...found, ...(argument ? ask(argument, command) : { subject: "nothing", words: [] }) };
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
  const all = [...shortForms(command), ...command.commands];
  return all.map((it) => ({ value: it.name(), description: it.summary() || it.description() }));
}
