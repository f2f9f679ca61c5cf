import { Command } from "commander";
import { addLogOptions, type LogFlags } from "../arguments/log-options.js";
import { collect, onOption, type PlaceOptions, parseWholeSeconds, repoOption } from "../arguments/option.js";
import type { DockerBuildFlags } from "../commands/docker-build.js";
import type { Choose } from "../outcome.js";

/** `otto docker …` */
export function createDockerCommand(choose: Choose): Command {
  return new Command("docker")
    .description("build images and run Compose stacks")
    .addCommand(createBuild(choose))
    .addCommand(createUp(choose))
    .addCommand(createDown(choose))
    .addCommand(createPs(choose))
    .addCommand(createLogs(choose));
}

function createBuild(choose: Choose): Command {
  return new Command("build")
    .description("build the images of the repositories whose inputs changed")
    .argument("[image...]", "names of images (default: all)")
    .addOption(repoOption())
    .addOption(onOption())
    .option("--rebuild", "rebuild images that are up to date, with the layer cache")
    .option("--no-cache", "rebuild images that are up to date, without the layer cache")
    .option("--pull", "ask the registries for newer base images, and rebuild if there are any")
    .option("--push", "push both tags of each image to the registry of the settings")
    .action((images: string[], options: Omit<DockerBuildFlags, "images">) =>
      choose(async (session) => {
        const { dockerBuild } = await import("../commands/docker-build.js");
        return dockerBuild(session, { ...options, images });
      }),
    );
}

function createUp(choose: Choose): Command {
  return new Command("up")
    .description("bring the stacks of the repositories up")
    .addOption(repoOption())
    .addOption(onOption())
    .option("--no-build", "start with the images that are there")
    .option("--profile <name>", "a Compose profile to run; may be repeated", collect)
    .action((options: PlaceOptions & { build: boolean; profile?: readonly string[] }) =>
      choose(async (session) => {
        const { dockerUp } = await import("../commands/docker-up.js");
        return dockerUp(session, options);
      }),
    );
}

function createDown(choose: Choose): Command {
  return new Command("down")
    .description("take the stacks of the repositories down")
    .addOption(repoOption())
    .addOption(onOption())
    .option("--stop-timeout <seconds>", "grace for each container", parseWholeSeconds, 1)
    .option("--volumes", "remove named volumes and what containers wrote into bind mounts, too")
    .action((options: PlaceOptions & { stopTimeout: number; volumes?: boolean }) =>
      choose(async (session) => {
        const { dockerDown } = await import("../commands/docker-down.js");
        return dockerDown(session, options);
      }),
    );
}

function createPs(choose: Choose): Command {
  return new Command("ps")
    .description("list the containers on the docker-capable hosts")
    .addOption(onOption())
    .option("--all", "stopped ones too")
    .action((options: { on?: string; all?: boolean }) =>
      choose(async (session) => {
        const { dockerPs } = await import("../commands/docker-ps.js");
        return dockerPs(session, options);
      }),
    );
}

function createLogs(choose: Choose): Command {
  const command = new Command("logs")
    .description("show what the containers of the stacks write")
    .argument("[service...]", "names of services (default: all)")
    .addOption(repoOption())
    .addOption(onOption());
  return addLogOptions(command).action((services: string[], options: PlaceOptions & LogFlags) =>
    choose(async (session) => {
      const { dockerLogs } = await import("../commands/docker-logs.js");
      return dockerLogs(session, { ...options, services });
    }),
  );
}
