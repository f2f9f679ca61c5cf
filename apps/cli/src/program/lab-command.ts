import { Command } from "commander";
import { collect } from "../arguments/option.js";
import type { LabAddFlags } from "../commands/lab.js";
import type { Choose } from "../outcome.js";

/** `otto lab add|list|remove` */
export function createLabCommand(choose: Choose): Command {
  return new Command("lab")
    .description("add machines to the lab file, list the labs, remove a host, show kept connections")
    .addCommand(createAdd(choose))
    .addCommand(
      new Command("list")
        .description("list the labs, and which one is in use, as otto --list-labs")
        .action(() => choose(async (session) => (await import("../commands/list-labs.js")).listLabs(session))),
    )
    .addCommand(
      new Command("remove")
        .description("remove a host from the lab file")
        .argument("<host>", "id of the host")
        .action((host: string) =>
          choose(async (session) => (await import("../commands/lab.js")).labRemove(session, host)),
        ),
    )
    .addCommand(createConnections(choose));
}

function createConnections(choose: Choose): Command {
  return new Command("connections")
    .summary("list or close the connections that outlive commands")
    .description(
      "Lists the connections of hosts with ssh_options.persist that outlived the commands that opened them, with the age, the idle time and the processes that use each. Connects to no host.",
    )
    .argument("[hosts...]", "ids of hosts (default: all)")
    .option("--stop", "close them, with what is under way on them")
    .action((hosts: readonly string[], flags: { readonly stop?: boolean }) =>
      choose(async (session) =>
        (await import("../commands/lab-connections.js")).labConnections(session, { ...flags, hosts }),
      ),
    );
}

function createAdd(choose: Choose): Command {
  return new Command("add")
    .summary("add a machine that has docker, and the way to it")
    .description(
      "Writes a machine, and the hops on the way to it, to the lab file: that of the settings, else your own, ~/.config/otto/lab.json. It connects to none of them.",
    )
    .argument("<machine>", "user@host[:port]")
    .option("--via <machine>", "a hop, as user@host[:port] or its id; may be repeated, the nearest first", collect)
    .option("--name <id>", "id of the machine (default: the first word of its name, or its address)")
    .option("--role <name>", "a role of the machine, for Compose files with this role; may be repeated", collect)
    .option("--identity <file>", "private key for the machines that are added")
    .option("--force", "replace hosts that have these ids")
    .action((machine: string, flags: Omit<LabAddFlags, "machine">) =>
      choose(async (session) => (await import("../commands/lab.js")).labAdd(session, { ...flags, machine })),
    );
}
