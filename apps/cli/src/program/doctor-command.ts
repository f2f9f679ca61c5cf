import { Command } from "commander";
import type { Choose } from "../outcome.js";

/** `otto doctor [HOST]` */
export function createDoctorCommand(choose: Choose): Command {
  return new Command("doctor")
    .description("look at the way to a host and at what it needs, and say what to do")
    .argument("[host]", "id or handle of a host (default: every docker-capable host of the lab)")
    .action((host: string | undefined) =>
      choose(async (session) => (await import("../commands/doctor.js")).doctor(session, host)),
    );
}
