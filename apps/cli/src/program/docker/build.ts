import { Command } from "commander";
import { collectAssignment, onOption, repoOption } from "../../arguments/option.js";
import type { DockerBuildFlags } from "../../commands/docker-build.js";
import type { Choose } from "../../outcome.js";

/** `otto docker build` */
export function createBuild(choose: Choose): Command {
  return new Command("build")
    .description("build the images of the repositories whose inputs changed")
    .argument("[image...]", "names of images (default: all)")
    .addOption(repoOption())
    .addOption(onOption())
    .option("--rebuild", "rebuild images that are up to date, with the layer cache")
    .option("--no-cache", "rebuild images that are up to date, without the layer cache")
    .option(
      "--build-arg <name=value>",
      "an argument of this build, beside those of the settings; may be repeated",
      collectAssignment,
    )
    .option("--pull", "ask the registries for newer base images, and rebuild if there are any")
    .option("--push", "push both tags of each image to the registry of the settings")
    .action((images: string[], options: Omit<DockerBuildFlags, "images">) =>
      choose(async (session) => {
        const { dockerBuild } = await import("../../commands/docker-build.js");
        return dockerBuild(session, { ...options, images });
      }),
    );
}
