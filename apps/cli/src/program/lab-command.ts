import { Command, Option } from "commander";
import { collect, parseTimeSpan } from "../arguments/option.js";
import type { LabAddFlags } from "../commands/lab.js";
import type { LabExtendFlags, LabReleaseFlags, LabReserveFlags } from "../commands/lab-reserve.js";
import type { Choose } from "../outcome.js";

/** `otto lab add|list|remove|connections|reserve|release|extend` */
export function createLabCommand(choose: Choose): Command {
  return new Command("lab")
    .description("add machines to the lab file, list the labs, remove a host, show kept connections, reserve hosts")
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
    .addCommand(createConnections(choose))
    .addCommand(createReserve(choose))
    .addCommand(createRelease(choose))
    .addCommand(createExtend(choose));
}

const hostOrRole = "id or handle of the host, or a role";

function createReserve(choose: Choose): Command {
  return new Command("reserve")
    .summary("have a host for yourself: commands of others there are refused")
    .description(
      "Reserves a host, or the first free one with a role. Until the end, what others want to build, start, change or take down there is refused; what they have running goes on. Without --for it lasts as long as this command runs. Whoever comes first is first.",
    )
    .argument("<host>", hostOrRole)
    .addOption(timeOption("--for <time>", "how long, as 90s, 30m, 2h or 1d; it needs no client meanwhile"))
    .option("--wait", "get in line, where somebody else has it")
    .option("--break", "end another's reservation first; the host notes that in its log")
    .action((host: string, flags: Omit<LabReserveFlags, "host">) =>
      choose(async (session) => (await import("../commands/lab-reserve.js")).labReserve(session, { ...flags, host })),
    );
}

function createRelease(choose: Choose): Command {
  return new Command("release")
    .summary("end your reservation of a host")
    .description("Ends your reservation of a host, or those of all hosts with a role, whichever process holds it.")
    .argument("<host>", hostOrRole)
    .option("--break", "end another's, too; the host notes that in its log")
    .action((host: string, flags: Omit<LabReleaseFlags, "host">) =>
      choose(async (session) => (await import("../commands/lab-reserve.js")).labRelease(session, { ...flags, host })),
    );
}

function createExtend(choose: Choose): Command {
  return new Command("extend")
    .summary("have a reserved host for longer")
    .description("Moves the end of your reservation of a host, or of those of all hosts with a role.")
    .argument("<host>", hostOrRole)
    .addOption(timeOption("--for <time>", "how much longer, as 90s, 30m, 2h or 1d").makeOptionMandatory())
    .action((host: string, flags: Omit<LabExtendFlags, "host">) =>
      choose(async (session) => (await import("../commands/lab-reserve.js")).labExtend(session, { ...flags, host })),
    );
}

function timeOption(flags: string, description: string): Option {
  return new Option(flags, description).argParser(parseTimeSpan);
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
