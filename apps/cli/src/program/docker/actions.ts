import { Command } from "commander";
import { onOption, type PlaceOptions, parseSignal, parseWholeSeconds, repoOption } from "../../arguments/option.js";
import type { DockerActFlags } from "../../commands/docker-act.js";
import type { Choose } from "../../outcome.js";

type Action = DockerActFlags["action"];

/** `otto docker stop` */
export function createStop(choose: Choose): Command {
  return addTimeout(createAction(choose, "stop", "stop services; `up` and `start` start them again"));
}

/** `otto docker start` */
export function createStart(choose: Choose): Command {
  return createAction(choose, "start", "start services that have stopped, and what they depend on");
}

/** `otto docker restart` */
export function createRestart(choose: Choose): Command {
  const command = createAction(choose, "restart", "restart services as they are; `up` applies what has changed");
  return addTimeout(command).option("--no-deps", "leave services alone that depend on them");
}

/** `otto docker kill` */
export function createKill(choose: Choose): Command {
  return createAction(choose, "kill", "send services a signal").option(
    "-s, --signal <signal>",
    "the signal: a name or a number (default: KILL)",
    parseSignal,
  );
}

/** `otto docker pause` */
export function createPause(choose: Choose): Command {
  return createAction(choose, "pause", "halt the processes of services");
}

/** `otto docker unpause` */
export function createUnpause(choose: Choose): Command {
  return createAction(choose, "unpause", "let the processes of paused services go on");
}

function createAction(choose: Choose, action: Action, description: string): Command {
  return new Command(action)
    .description(description)
    .argument("[service...]", "names of services (default: all)")
    .addOption(repoOption())
    .addOption(onOption())
    .action((services: string[], options: PlaceOptions) =>
      choose(async (session) => {
        const { dockerAct } = await import("../../commands/docker-act.js");
        return dockerAct(session, { ...options, action, services });
      }),
    );
}

function addTimeout(command: Command): Command {
  return command.option(
    "-t, --timeout <seconds>",
    "grace before it is killed (default: its own, else 10)",
    parseWholeSeconds,
  );
}
