import type { Command, Option } from "commander";
import { commandsOf, findSubcommand, isHostGroup, leavesRest, takesCommand } from "../program/subcommand.js";

/** Reads the words of a command line from left to right; options of every command may stand anywhere. */
export class LineReader {
  readonly #program: Command;
  command: Command;
  /** `otto host HOST VERB …` or `otto host VERB HOST …` */
  host: string | undefined;
  /** The option whose value is the next word. */
  awaiting: Option | undefined;
  /** Behind `--`, or in the command line of another program. */
  onlyWords = false;
  /** Options that all commands take, with their values, as they were written. */
  readonly globals: string[] = [];
  /** What else was written, as it was, without the words that name the command and the host. */
  readonly rest: string[] = [];
  /** The arguments alone. */
  readonly words: string[] = [];
  /** Values of options, by their names: `lab`. */
  readonly values: Record<string, string> = {};
  /** An option that no command takes, before any word but those that name a command group. */
  stray: string | undefined;
  #awaitingList: string[] = this.rest;

  constructor(program: Command) {
    this.#program = program;
    this.command = program;
  }

  /** Whether the next word is the host of `otto host`. */
  get wantsHost(): boolean {
    const { command, host } = this;
    return host === undefined && (isHostGroup(command) || isHostGroup(command.parent ?? command));
  }

  read(word: string): void {
    if (this.awaiting !== undefined) this.#readValue(this.awaiting, word);
    else if (this.onlyWords) this.#readWord(word);
    else if (word === "--") this.#end();
    else if (word.startsWith("-") && word !== "-") this.#readOption(word);
    else this.#readWord(word);
  }

  /** The option that a flag names here: the command's own goes before one of all commands. */
  findOption(flag: string): Option | undefined {
    return this.#ownOption(flag) ?? findIn(this.#program, flag) ?? this.#laterOption(flag);
  }

  #ownOption(flag: string): Option | undefined {
    return this.command === this.#program ? undefined : findIn(this.command, flag);
  }

  /** An option of a command that has not been named yet. */
  #laterOption(flag: string): Option | undefined {
    if (this.command.commands.length === 0 || !flag.startsWith("--")) return undefined;
    const found = commandsOf(this.command).flatMap((it) => findIn(it, flag) ?? []);
    return found.find(({ required }) => required) ?? found[0];
  }

  #readValue(option: Option, word: string): void {
    this.values[option.attributeName()] = word;
    this.#awaitingList.push(word);
    this.awaiting = undefined;
  }

  #end(): void {
    this.onlyWords = true;
    if (!takesCommand(this.command)) this.rest.push("--");
  }

  #readOption(word: string): void {
    const flag = word.startsWith("--") ? word.replace(/=.*/s, "") : word.slice(0, 2);
    if (this.command === this.#program && ["-v", "-V"].includes(word) && this.words.length === 0) {
      this.globals.push("--version");
      return;
    }
    const option = this.findOption(flag);
    const isEarly = this.command.commands.length > 0 && this.words.length === 0;
    if (option === undefined && isEarly && !isHelp(word)) this.stray ??= flag;
    if (option === undefined && isHelp(word) && this.command.name() === "run" && this.words.length > 0) {
      // The help of the instruction, not that of `run`.
      this.#end();
    }
    const isGlobal = option !== undefined && this.#program.options.includes(option);
    this.#awaitingList = isGlobal ? this.globals : this.rest;
    this.#awaitingList.push(word);
    if (option === undefined && this.words.length > 0 && leavesRest(this.command)) this.words.push(word);
    if (word.startsWith("--")) this.#expectValue(option, word.slice(flag.length + 1));
    else this.#readCluster(word.slice(1));
  }

  /** `-it` is `-i -t`; `-n5` is `-n 5`. */
  #readCluster(letters: string): void {
    const option = this.findOption(`-${letters.charAt(0)}`);
    const more = letters.slice(1);
    if (option?.required !== true && more !== "") this.#readCluster(more);
    else this.#expectValue(option, more);
  }

  #expectValue(option: Option | undefined, given: string): void {
    if (option?.required !== true) return;
    if (given === "") this.awaiting = option;
    else this.values[option.attributeName()] = given;
  }

  #readWord(word: string): void {
    if (this.#nameCommand(word)) return;
    if (takesCommand(this.command)) {
      // Behind the target of a command, `--` only says that the command begins.
      if (word === "--" && this.words.length === 1 && !this.#isHostVerb()) return;
      this.onlyWords = true;
    } else this.rest.push(word);
    this.words.push(word);
  }

  /** Takes a word that names the command or the host. */
  #nameCommand(word: string): boolean {
    const { command } = this;
    if (this.words.length > 0) return false;
    const isWithoutVerb = command.commands.length > 0;
    if (isWithoutVerb && (!isHostGroup(command) || this.host !== undefined || this.#isVerb(word))) {
      const found = findSubcommand(command, word);
      if (found === undefined) return false;
      this.command = found;
      return true;
    }
    if (!this.wantsHost) return false;
    this.#nameHost(word);
    return true;
  }

  /** `host VERB HOST`; of two verbs the first is a host of that name. */
  #nameHost(word: string): void {
    const group = this.command.parent;
    const second = group !== null && isHostGroup(group) ? findSubcommand(group, word) : undefined;
    this.host = second === undefined ? word : this.command.name();
    if (second !== undefined) this.command = second;
  }

  #isVerb(word: string): boolean {
    return this.command.commands.some((it) => it.name() === word);
  }

  #isHostVerb(): boolean {
    return this.command.parent !== null && isHostGroup(this.command.parent);
  }
}

function findIn(command: Command, flag: string): Option | undefined {
  return command.options.find(({ short, long }) => short === flag || long === flag);
}

export function isHelp(word: string): boolean {
  return word === "--help" || word === "-h";
}
