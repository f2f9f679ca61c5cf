import { Command } from "commander";
import type { Choose } from "../outcome.js";

/** `otto trust [--revoke]` */
export function createTrustCommand(choose: Choose): Command {
  return new Command("trust")
    .summary("trust the lab files that came with the repositories")
    .description(
      "Shows the hosts of lab files that lie in the repositories, and records that you trust these files as they are. Until then otto connects to none of them. OTTO_TRUST=/path:… trusts what lies in a directory, for CI.",
    )
    .option("--revoke", "no longer trust these files")
    .action((flags: { revoke?: boolean }) =>
      choose(async (session) => (await import("../commands/trust.js")).trust(session, flags)),
    );
}
