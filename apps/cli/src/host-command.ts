import { Command } from "commander";
import { addLogOptions, type LogFlags } from "./log-options.js";
import { collectVariable, timeoutOption } from "./option.js";
import type { Choose } from "./outcome.js";

/** Options of `exec`. */
export interface ExecFlags {
  readonly user?: string;
  readonly workdir?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: boolean;
  /** Seconds. */
  readonly timeout: number;
}

/** `otto host ID …`; the id has been moved behind the verb by `arrangeHostArguments`. */
export function createHostCommand(choose: Choose): Command {
  return new Command("host")
    .description("run commands on a host or in a container")
    .usage("ID exec|run|logs [options] [COMMAND...]")
    .addCommand(createExec(choose))
    .addCommand(createRun(choose))
    .addCommand(createLogs(choose));
}

function createExec(choose: Choose): Command {
  return new Command("exec")
    .summary("run one command")
    .description("Runs one command and exits with its exit code, or with 255 if it never ran.")
    .configureHelp({ commandUsage: () => "otto host ID exec [options] [--] COMMAND [ARGUMENT...]" })
    .argument("<id>", "id or handle of a host")
    .argument("<command...>", "a program and its arguments, or one line for the shell")
    .option("--user <user>", "user in the container")
    .option("--workdir <directory>", "directory to run in")
    .option("--env <name=value>", "a variable for the command; may be repeated", collectVariable)
    .option("-i, --stdin", "send otto's stdin to the command")
    .addOption(timeoutOption())
    .action((id: string, command: string[], options: ExecFlags) =>
      choose(async (session) => {
        const { hostExec } = await import("./commands/host-exec.js");
        return hostExec(session, { ...options, id, command });
      }),
    );
}

function createRun(choose: Choose): Command {
  return new Command("run")
    .summary("run command lines in one shell")
    .description(
      "Runs command lines in one shell, in order, up to the first that fails; exits with its exit code, or with 255 if it never ran.",
    )
    .configureHelp({ commandUsage: () => "otto host ID run [options] [--] COMMAND..." })
    .argument("<id>", "id or handle of a host")
    .argument("<command...>", "command lines, or the words of one")
    .addOption(timeoutOption())
    .action((id: string, command: string[], options: { timeout: number }) =>
      choose(async (session) => {
        const { hostRun } = await import("./commands/host-run.js");
        return hostRun(session, { ...options, id, command });
      }),
    );
}

function createLogs(choose: Choose): Command {
  const command = new Command("logs")
    .description("show what a container writes")
    .configureHelp({ commandUsage: () => "otto host ID logs [options]" })
    .argument("<id>", "id of a container host");
  return addLogOptions(command).action((id: string, options: LogFlags) =>
    choose(async (session) => {
      const { hostLogs } = await import("./commands/host-logs.js");
      return hostLogs(session, { ...options, id });
    }),
  );
}
