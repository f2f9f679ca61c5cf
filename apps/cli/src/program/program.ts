import { Command, type CommanderError, Option } from "commander";
import { addChoices } from "../arguments/choices.js";
import { logLevels } from "../arguments/global-options.js";
import { toUsageError } from "../arguments/usage-error.js";
import type { Choose } from "../outcome.js";
import { createCompletionCommand } from "./completion-command.js";
import { createDockerCommand } from "./docker-command.js";
import { createDoctorCommand } from "./doctor-command.js";
import { helpExamples, helpLayout, helpWidthFor } from "./help.js";
import { createHostCommand } from "./host-command.js";
import { createInitCommand } from "./init-command.js";
import { createRunCommand } from "./run-command.js";
import { createSchemaCommand } from "./schema-command.js";
import { commandsOf, pathOf } from "./subcommand.js";
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
    .addOption(addChoices(new Option("--log-level <level>", "how much to tell beside the result"), logLevels))
    .option("--quiet", "tell results and errors only")
    .option("--no-color", "no colour")
    .option("--no-input", "ask nothing at the terminal, as with $CI set")
    .addCommand(createDockerCommand(choose))
    .addCommand(createHostCommand(choose))
    .addCommand(createTraced(choose, createRunCommand, { isApart: true }))
    .addCommand(createTraced(choose, createTestCommand))
    .addCommand(createTraceCommand(choose))
    .addCommand(createDoctorCommand(choose))
    .addCommand(createTrustCommand(choose))
    .addCommand(createInitCommand(choose))
    .addCommand(createSchemaCommand(choose))
    .addCommand(createCompletionCommand(choose));
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
        : toUsageError(error, hintOf(command, error));
    });
    // Options of all commands have been put before the command by `arrangeLine`.
    command.enablePositionalOptions();
    command.helpCommand(false).helpOption("-h, --help", "show help");
    command.configureHelp({ ...helpLayout(width), ...command.configureHelp() });
    command.addHelpText("after", () => helpExamples(command, width));
  }
  return program;
}

/** A command that is somewhere else, else where it is written how this one is used. */
function hintOf(command: Command, { code }: CommanderError): string {
  const [word] = code === "commander.unknownCommand" ? command.args : [];
  const elsewhere = commandsOf(rootOf(command)).filter((it) => it.name() === word);
  if (elsewhere.length === 0) return `See ${pathOf(command)} --help.`;
  return `Did you mean ${elsewhere.map(pathOf).join(" or ")}?`;
}

function rootOf(command: Command): Command {
  return command.parent === null ? command : rootOf(command.parent);
}
