import { Command } from "commander";
import { oneHostOption, parseCount, repoOption } from "../../arguments/option.js";
import type { DockerCpFlags } from "../../commands/docker-cp.js";
import type { Choose } from "../../outcome.js";

/** `otto docker cp` */
export function createCp(choose: Choose): Command {
  return new Command("cp")
    .summary("copy files between this machine and a service")
    .description(
      "Copies files and directories as cp -r does: into DEST where that is a directory, else to that name; DIR/. copies what is in a directory. Missing directories are made, links stay links, files in the container are root's. - is a tar archive on stdin or stdout.",
    )
    .usage("[options] SERVICE:SRC DEST | SRC SERVICE:DEST")
    .argument("<source>", "a path here, SERVICE:PATH, or - for an archive on stdin")
    .argument("<destination>", "a path here, SERVICE:PATH, or - for an archive on stdout")
    .addOption(repoOption())
    .addOption(oneHostOption())
    .option("--index <number>", "the replica (default: 1)", parseCount)
    .action((source: string, destination: string, options: Omit<DockerCpFlags, "source" | "destination">) =>
      choose(async (session) => {
        const { dockerCp } = await import("../../commands/docker-cp.js");
        return dockerCp(session, { ...options, source, destination });
      }),
    );
}
