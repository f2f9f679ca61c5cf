import { Command } from "commander";
import { onOption } from "../arguments/option.js";
import type { DoctorFlags } from "../commands/doctor.js";
import type { Choose } from "../outcome.js";

/** `otto doctor [HOST]` */
export function createDoctorCommand(choose: Choose): Command {
  return new Command("doctor")
    .description("look at the way to hosts and at what they need, and say what to do")
    .argument("[host]", "id or handle of a host (default: every docker-capable host of the lab)")
    .addOption(onOption())
    .action((host: string | undefined, options: Omit<DoctorFlags, "host">) =>
      choose(async (session) => (await import("../commands/doctor.js")).doctor(session, { ...options, host })),
    );
}
