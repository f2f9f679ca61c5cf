import { Command } from "commander";
import { collect, collectAssignment, oneHostOption, repoOption } from "../../arguments/option.js";
import type { DockerRunFlags } from "../../commands/docker-run.js";
import type { Choose } from "../../outcome.js";

/** `otto docker run` */
export function createServiceRun(choose: Choose): Command {
  return new Command("run")
    .summary("run a command in a one-off container of a service")
    .description(
      "Runs a command in a container of its own, made as those of a service, after what the service depends on is up; removes it, also when otto is killed, and exits with its exit code, or with 255 if it never ran.",
    )
    .usage("[options] SERVICE [COMMAND [ARGUMENT...]]")
    .argument("<service>", "name of the service")
    .argument("[command...]", "a program and its arguments (default: the service's)")
    .addOption(repoOption())
    .addOption(oneHostOption())
    .option("--rm", "remove the container, which is done anyway")
    .option("-e, --env <name=value>", "a variable for it; NAME alone is yours; may be repeated", collectAssignment)
    .option("-i, --interactive", "send stdin to it, which is done anyway unless stdin is a terminal")
    .option("-t, --tty", "give it a terminal, which is done anyway where otto has one")
    .option("-T, --no-tty", "give it no terminal")
    .option("-u, --user <user>", "user in it")
    .option("-w, --workdir <directory>", "directory to run in")
    .option("-v, --volume <mount>", "a mount from the parent, as /srv:/srv:ro; may be repeated", collect)
    .option("--entrypoint <program>", "instead of the image's")
    .option("-P, --service-ports", "publish the service's ports")
    .option("--no-deps", "leave what it depends on as it is")
    .option("--no-build", "use the images that are there")
    .action((service: string, command: string[], options: Omit<DockerRunFlags, "service" | "command">) =>
      choose(async (session) => {
        const { dockerRun } = await import("../../commands/docker-run.js");
        return dockerRun(session, { ...options, service, command });
      }),
    );
}
