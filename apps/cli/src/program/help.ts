import type { Command, Help, HelpConfiguration } from "commander";
import { formatExamples } from "../arguments/help-examples.js";
import { pathOf, shortForms } from "./subcommand.js";

// Below this, a description stands under what it describes: beside it there would be a word a line.
const narrow = 60;
const widest = 120;
const longestTerm = 24;

/** How wide help is for a terminal of so many columns; without a terminal as for 80. */
export function helpWidthFor(columns: number | undefined): number {
  return Math.min(columns === undefined || columns < 20 ? 80 : columns, widest);
}

/** How the help of each command is laid out. */
export function helpLayout(width: number): HelpConfiguration {
  return {
    helpWidth: width,
    minWidthToWrap: 16,
    showGlobalOptions: true,
    visibleCommands: listCommands,
    subcommandTerm: formatTerm,
    styleUsage: (usage) => wrapUsage(usage, width),
    ...(width < narrow ? { formatItem: formatUnder(width) } : {}),
  };
}

/** The examples at the end of a command's help; a comment that has no room beside its line goes above it. */
export function helpExamples(command: Command, width: number): string {
  const lines = formatExamples(pathOf(command))?.split("\n") ?? [];
  return lines.flatMap((line) => (line.length > width ? splitComment(line) : [line])).join("\n");
}

function splitComment(line: string): readonly string[] {
  const [, indent = "", command = "", comment = ""] = /^( *)(.*?) +(# .*)$/.exec(line) ?? [];
  return comment === "" ? [line] : [`${indent}${comment}`, `${indent}${command}`];
}

/** What is below a command; the verbs of `docker` are commands of otto as well, and the ones that are typed most. */
function listCommands(this: Help, command: Command): Command[] {
  return command.parent === null ? [...shortForms(command), ...command.commands] : [...command.commands];
}

/** Its name, with its arguments where they leave room for what it does. */
function formatTerm(this: Help, command: Command): string {
  const given = command.registeredArguments.map((it) => this.argumentTerm(it));
  const marked = command.registeredArguments.map(({ required, variadic }, index) => {
    const name = `${given[index]}${variadic ? "..." : ""}`;
    return required ? `<${name}>` : `[${name}]`;
  });
  const whole = [command.name(), ...marked].join(" ");
  return whole.length > longestTerm || command.parent?.name() === "host" ? command.name() : whole;
}

/** Breaks a usage between its words; a later line has more room than it takes. */
function wrapUsage(usage: string, width: number): string {
  const room = width - "Usage: ".length;
  const lines: string[] = [];
  for (const word of usage.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= room) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines.join("\n  ");
}

function formatUnder(width: number): Help["formatItem"] {
  return function (this: Help, term, _termWidth, description, helper) {
    if (description === "") return `  ${term}`;
    const text = helper.boxWrap(description.replaceAll("\n", " "), width - 6);
    return [`  ${term}`, ...text.split("\n").map((line) => `      ${line}`)].join("\n");
  };
}
