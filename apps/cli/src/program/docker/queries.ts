import { Command, InvalidArgumentError, Option } from "commander";
import { addChoices } from "../../arguments/choices.js";
import { onOption, parseCount, repoOption } from "../../arguments/option.js";
import type { QueryFlags } from "../../commands/docker-queries.js";
import type { Choose, Outcome } from "../../outcome.js";
import type { Session } from "../../session.js";

const commands = () => import("../../commands/docker-queries.js");

type Perform = (session: Session, flags: QueryFlags) => Promise<Outcome>;

/** `otto docker images` */
export function createImages(choose: Choose): Command {
  const command = createQuery(choose, "images", "list the images of the containers", async (session, flags) => {
    const { dockerImages } = await commands();
    return dockerImages(session, flags);
  });
  return command.option("-q, --quiet", "ids of the images alone").addOption(formatOption("table", "json"));
}

/** `otto docker top` */
export function createTop(choose: Choose): Command {
  return createQuery(choose, "top", "show the processes of the containers", async (session, flags) => {
    const { dockerTop } = await commands();
    return dockerTop(session, flags);
  });
}

/** `otto docker stats` */
export function createStats(choose: Choose): Command {
  const command = createQuery(choose, "stats", "show what the containers use", async (session, flags) => {
    const { dockerStats } = await commands();
    return dockerStats(session, flags);
  });
  return command
    .option("--no-stream", "once; else again and again, until interrupted")
    .addOption(formatOption("table", "json"));
}

/** `otto docker config` */
export function createConfig(choose: Choose): Command {
  const command = createQuery(
    choose,
    "config",
    "show the stack as the parent's Compose reads it, with the contents of secrets left out; variables are shown",
    async (session, flags) => {
      const { dockerConfig } = await commands();
      return dockerConfig(session, flags);
    },
  );
  return command
    .option("-q, --quiet", "only check the files")
    .option("--services", "names of the services alone")
    .option("--images", "names of the images alone")
    .option("--volumes", "names of the volumes alone")
    .option("--profiles", "names of the profiles alone")
    .addOption(formatOption("yaml", "json"));
}

/** `otto docker inspect` */
export function createInspect(choose: Choose): Command {
  return createQuery(choose, "inspect", "show what the engine says of the containers", async (session, flags) => {
    const { dockerInspect } = await commands();
    return dockerInspect(session, flags);
  });
}

/** `otto docker wait` */
export function createWait(choose: Choose): Command {
  const text = "wait until services have stopped; ends with the exit code of the last";
  return createQuery(choose, "wait", text, async (session, flags) => {
    const { dockerWait } = await commands();
    return dockerWait(session, flags);
  });
}

/** `otto docker port` */
export function createPort(choose: Choose): Command {
  return new Command("port")
    .description("show where a port of a service is published")
    .argument("<service>", "name of the service")
    .argument("<port>", "the port in the container", parsePort)
    .addOption(repoOption())
    .addOption(onOption())
    .addOption(addChoices(new Option("--protocol <protocol>", "tcp or udp (default: tcp)"), ["tcp", "udp"]))
    .option("--index <number>", "the replica (default: 1)", parseCount)
    .action((service: string, port: number, options: Omit<QueryFlags, "services">) =>
      choose(async (session) => {
        const { dockerPort } = await commands();
        return dockerPort(session, { ...options, services: [service], port });
      }),
    );
}

function createQuery(choose: Choose, name: string, description: string, perform: Perform): Command {
  return new Command(name)
    .description(description)
    .argument("[service...]", "names of services (default: all)")
    .addOption(repoOption())
    .addOption(onOption())
    .action((services: string[], { services: names, ...options }: Options) =>
      choose((session) => perform(session, { ...options, services, ...(names !== undefined && { names }) })),
    );
}

type Options = Omit<QueryFlags, "services" | "names"> & { readonly services?: boolean };

function formatOption(...formats: readonly string[]): Option {
  return addChoices(new Option("--format <format>", formats.join(" or ")), formats);
}

function parsePort(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port < 1 || port > 65_535) throw new InvalidArgumentError("Not a port from 1 to 65535.");
  return port;
}
