import { Command } from "commander";
import { collectAssignment, oneHostOption, parseCount, repoOption } from "../../arguments/option.js";
import type { DockerExecFlags } from "../../commands/docker-exec.js";
import type { Choose } from "../../outcome.js";

/** `otto docker exec` */
export function createExec(choose: Choose): Command {
  return new Command("exec")
    .summary("run a command in a service")
    .description(
      "Runs a command in a running container of a service, on a terminal where there is one, and exits with its exit code, or with 255 if it never ran.",
    )
    .usage("[options] SERVICE COMMAND [ARGUMENT...]")
    .argument("<service>", "a service, or its short id: web, shop.web, web.2")
    .argument("<command...>", "a program and its arguments")
    .addOption(repoOption())
    .addOption(oneHostOption())
    .option("-d, --detach", "leave it running, and show nothing of it")
    .option(
      "-e, --env <name=value>",
      "a variable for the command; NAME alone is yours; may be repeated",
      collectAssignment,
    )
    .option("-i, --interactive", "send stdin to the command, which is done anyway unless stdin is a terminal")
    .option("-t, --tty", "give it a terminal, which is done anyway where otto has one")
    .option("-T, --no-tty", "give it no terminal")
    .option("-u, --user <user>", "user in the container")
    .option("-w, --workdir <directory>", "directory to run in")
    .option("--index <number>", "the replica (default: 1)", parseCount)
    .action((service: string, command: string[], options: Omit<DockerExecFlags, "service" | "command">) =>
      choose(async (session) => {
        const { dockerExec } = await import("../../commands/docker-exec.js");
        return dockerExec(session, { ...options, service, command });
      }),
    );
}
