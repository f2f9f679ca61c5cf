import { Command, type CommanderError, Help, type HelpConfiguration, Option } from "commander";
import { addChoices } from "../arguments/choices.js";
import { logLevels, progressKinds } from "../arguments/global-options.js";
import { toUsageError } from "../arguments/usage-error.js";
import type { Choose } from "../outcome.js";
import { answerOption } from "./answers.js";
import { createCompletionCommand } from "./completion-command.js";
import { createDockerCommand } from "./docker-command.js";
import { createDoctorCommand } from "./doctor-command.js";
import { helpExamples, helpLayout, helpWidthFor } from "./help.js";
import { createHostCommand } from "./host-command.js";
import { createInitCommand } from "./init-command.js";
import { createLabCommand } from "./lab-command.js";
import { createRunCommand } from "./run-command.js";
import { createSchemaCommand } from "./schema-command.js";
import { commandsOf, pathOf, shortForms } from "./subcommand.js";
import { createTestCommand } from "./test-command.js";
import { createTraceCommand } from "./trace-command.js";
import { createTraced } from "./traced-command.js";
import { createTrustCommand } from "./trust-command.js";

/** Where help and the version go. */
export interface ProgramOutput {
  readonly writeOut: (text: string) => void;
  /** Help that a wrong use brings. */
  readonly writeErr: (text: string) => void;
  /** Of the terminal that help is shown on. Default: 80. */
  readonly columns?: number | undefined;
}

/** The command line of `otto`. Parsing it runs nothing: the action it asks for is handed to `choose`. */
export function createProgram(version: string, choose: Choose, output: ProgramOutput): Command {
  const program = new Command("otto")
    .description("Builds images and runs Compose stacks on a machine that you reach over SSH.")
    .version(version, "--version", "show the version")
    .option(
      "--lab <name>",
      "the lab to work in; a+b merges two (default: $OTTO_LAB, else that of the settings, else this machine)",
    )
    .option("--list-hosts", "list the hosts of the lab")
    .option("--list-labs", "list the labs")
    .option("--json", "one JSON object a line on stdout")
    .option("-n, --dry-run", "show what would be done and change nothing")
    .addOption(addChoices(new Option("--log-level <level>", "how much to print beside the result"), logLevels))
    .option("-q, --quiet", "print results and errors only")
    .addOption(addChoices(new Option("--progress <how>", "how progress is shown (default: auto)"), progressKinds))
    .option("--no-color", "no colour")
    .option("--no-input", "ask nothing at the terminal, as with $CI set")
    .commandsGroup("Hosts, instructions and tests:")
    .addCommand(createHostCommand(choose))
    .addCommand(createTraced(choose, createRunCommand, { isApart: true }))
    .addCommand(createTraced(choose, createTestCommand))
    .addCommand(createTraceCommand(choose))
    .addCommand(createDoctorCommand(choose))
    .commandsGroup("Setting up:")
    .addCommand(createInitCommand(choose))
    .addCommand(createLabCommand(choose))
    .addCommand(createTrustCommand(choose))
    .addCommand(createSchemaCommand(choose))
    .addCommand(createCompletionCommand(choose))
    .commandsGroup("All forms of the first group:")
    .addCommand(createDockerCommand(choose));
  const width = helpWidthFor(output.columns);
  for (const command of commandsOf(program)) {
    const { writeOut, writeErr } = output;
    command.configureOutput({
      ...{ writeOut, writeErr, outputError: () => {} },
      ...{ getOutHelpWidth: () => width, getErrHelpWidth: () => width },
    });
    command.exitOverride((error) => {
      throw error.exitCode === 0 || error.code === "commander.help"
        ? error
        : toUsageError(error, hintOf(command, error), answerOf(command, error));
    });
    // Options of all commands have been put before the command by `arrangeLine`.
    command.enablePositionalOptions();
    command.helpCommand(false).helpOption("-h, --help", "show help");
    command.configureHelp({ ...helpLayout(width), ...helpOf(command), ...command.configureHelp() });
    command.addHelpText("after", () => helpExamples(command, width));
  }
  return program;
}

/** The list of all commands stands before the options, with the short forms first; those have a usage of their own. */
function helpOf(command: Command): HelpConfiguration {
  if (command.parent !== null) {
    const isShort = shortForms(rootOf(command)).includes(command);
    return isShort ? { commandUsage: (it) => `otto ${it.name()} ${it.usage()}` } : {};
  }
  const group: Help["groupItems"] = (_all, items, groupOf) => Help.prototype.groupItems(items, items, groupOf);
  return { groupItems: group, formatHelp: formatCommandsFirst };
}

function formatCommandsFirst(command: Command, help: Help): string {
  const sections = Help.prototype.formatHelp.call(help, command, help).trimEnd().split("\n\n");
  const isOptions = (section: string) => section.startsWith("Options:");
  return `${[...sections.filter((it) => !isOptions(it)), ...sections.filter(isOptions)].join("\n\n")}\n`;
}

function hintOf(command: Command, { code }: CommanderError): string {
  // Before a command is named, all are listed.
  return code === "commander.unknownCommand" && command.parent === null
    ? "See otto --help."
    : `See ${pathOf(command)} --help.`;
}

/** What is known of a wrong word or option, before what only looks like it. */
function answerOf(command: Command, { code, message }: CommanderError): string | undefined {
  if (code === "commander.unknownOption") {
    const [, written = ""] = /unknown option '([^']+)'/.exec(message) ?? [];
    const flag = written.startsWith("--") ? written.replace(/=.*/s, "") : written.slice(0, 2);
    return answerOption(pathOf(command).replace(/^otto ?/, ""), flag);
  }
  const [word] = code === "commander.unknownCommand" ? command.args : [];
  const elsewhere = commandsOf(rootOf(command)).filter((it) => it.name() === word);
  return elsewhere.length === 0 ? undefined : `Did you mean ${elsewhere.map(pathOf).join(" or ")}?`;
}

function rootOf(command: Command): Command {
  return command.parent === null ? command : rootOf(command.parent);
}
