import { Command } from "commander";
import { addLogOptions, type LogFlags } from "../arguments/log-options.js";
import { collectVariable, parseMode, timeoutOption } from "../arguments/option.js";
import { collectPorts, type PortPair } from "../arguments/port-pair.js";
import type { ExecFlags } from "../commands/host-exec.js";
import type { LoginFlags } from "../commands/host-login.js";
import type { Choose } from "../outcome.js";

/** `otto host ID …`; the id has been moved behind the verb by `arrangeHostArguments`. */
export function createHostCommand(choose: Choose): Command {
  return new Command("host")
    .description("run commands, copy files and read logs, on a host or in a container")
    .usage("ID exec|run|login|put|get|logs|forward ...")
    .addCommand(createExec(choose))
    .addCommand(createRun(choose))
    .addCommand(createLogin(choose))
    .addCommand(createPut(choose))
    .addCommand(createGet(choose))
    .addCommand(createLogs(choose))
    .addCommand(createForward(choose));
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
        const { hostExec } = await import("../commands/host-exec.js");
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
        const { hostRun } = await import("../commands/host-run.js");
        return hostRun(session, { ...options, id, command });
      }),
    );
}

function createLogin(choose: Choose): Command {
  return new Command("login")
    .summary("open a shell on your terminal")
    .description(
      "Opens a shell on your terminal and exits with its exit code, or with 255 if it never ran or the link broke.",
    )
    .configureHelp({ commandUsage: () => "otto host ID login [options]" })
    .argument("<id>", "id or handle of a host")
    .option("--user <user>", "user in the container")
    .option("--workdir <directory>", "directory in the container to begin in")
    .option("--env <name=value>", "a variable for the shell in the container; may be repeated", collectVariable)
    .action((id: string, options: LoginFlags) =>
      choose(async (session) => {
        const { hostLogin } = await import("../commands/host-login.js");
        return hostLogin(session, { ...options, id });
      }),
    );
}

const copyRules =
  "As cp -r: into DEST where that is a directory, else to that name; DIR/. copies what is in a directory. " +
  "Missing directories are made, links are kept as links.";

function createPut(choose: Choose): Command {
  return new Command("put")
    .summary("copy files and directories to the host")
    .description(`Copies files and directories of this machine to the host. ${copyRules}`)
    .configureHelp({ commandUsage: () => "otto host ID put [options] SRC... DEST" })
    .argument("<id>", "id or handle of a host")
    .argument("<paths...>", "sources on this machine, then the destination on the host")
    .option("--mode <mode>", "permissions of the files, as 640; directories keep theirs", parseMode)
    .action((id: string, paths: string[], options: { mode?: number }) =>
      choose(async (session) => {
        const { hostPut } = await import("../commands/host-copy.js");
        return hostPut(session, { ...options, id, paths });
      }),
    );
}

function createGet(choose: Choose): Command {
  return new Command("get")
    .summary("copy files and directories from the host")
    .description(`Copies files and directories of the host to this machine. ${copyRules}`)
    .configureHelp({ commandUsage: () => "otto host ID get [options] SRC... DEST" })
    .argument("<id>", "id or handle of a host")
    .argument("<paths...>", "sources on the host, then the destination on this machine")
    .action((id: string, paths: string[]) =>
      choose(async (session) => {
        const { hostGet } = await import("../commands/host-copy.js");
        return hostGet(session, { id, paths });
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
      const { hostLogs } = await import("../commands/host-logs.js");
      return hostLogs(session, { ...options, id });
    }),
  );
}

function createForward(choose: Choose): Command {
  return new Command("forward")
    .summary("make a port of this machine lead to one of a host")
    .description(
      "Listens on 127.0.0.1 until interrupted, and passes each connection on to a port of the container or host.",
    )
    .configureHelp({ commandUsage: () => "otto host ID forward LOCAL:REMOTE..." })
    .argument("<id>", "id or handle of a host")
    .argument("<ports...>", "LOCAL:REMOTE, a port here and the port there; :REMOTE takes a free one here", collectPorts)
    .action((id: string, ports: readonly PortPair[]) =>
      choose(async (session) => {
        const { hostForward } = await import("../commands/host-forward.js");
        return hostForward(session, { id, ports });
      }),
    );
}
