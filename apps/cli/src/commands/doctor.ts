import { listOnHosts } from "@otto/config";
import type { Lab } from "@otto/docker";
import { diagnose, type Finding } from "@otto/doctor";
import { OttoError } from "@otto/errors";
import { exitCodes } from "../exit-code.js";
import { readLabChoice } from "../lab-choice.js";
import type { Outcome } from "../outcome.js";
import type { Session } from "../session.js";
import { eachOf } from "../side-by-side/each-part.js";

const machineWidth = 16;
const checkWidth = 10;
const statusWidth = 11;

export interface DoctorFlags {
  /** Id or handle. */
  readonly host: string | undefined;
  readonly on?: string;
}

/** `otto doctor`: one line for each thing to look at; fails when one of them does, or was not reached. */
export async function doctor(session: Session, flags: DoctorFlags): Promise<Outcome> {
  const lab = await session.lab();
  const hosts = chooseHosts(lab, flags);
  const { name, chosenBy } = await readLabChoice(session);
  session.reporter.notice(
    "info",
    `the lab is ${name}: ${chosenBy ?? "neither --lab, OTTO_LAB nor settings name another"}`,
  );
  const counts = { ok: 0, warning: 0, failed: 0, "not-reached": 0 };
  const parts = hosts.map((id) => ({ parent: { id } }));
  const { exitCode, ...outcome } = await eachOf(session, parts, async ({ parent: { id: host } }, own) => {
    for await (const finding of diagnose(lab, host, session.signal)) {
      counts[finding.status] += 1;
      own.reporter.item(formatFinding(finding), { type: "check", host, ...finding });
    }
    return true;
  });
  if (hosts.length === 0)
    session.reporter.notice("warn", "the lab has no docker-capable host; name one: otto doctor HOST");
  session.signal.throwIfAborted();
  const { "not-reached": notReached, ...seen } = counts;
  const isWell = seen.failed === 0 && notReached === 0;
  const fields = { ...outcome.fields, ...seen, notReached };
  return { ...outcome, exitCode: Math.max(exitCode, isWell ? exitCodes.done : exitCodes.failed), fields };
}

/** Ids of the hosts to check. Default: every parent of the lab. @throws `CLI_USAGE` if both HOST and `--on` are given */
function chooseHosts(lab: Lab, { host, on }: DoctorFlags): readonly string[] {
  if (host !== undefined && on !== undefined)
    throw new OttoError("CLI_USAGE", `doctor: ${host} and --on ${on} both name hosts`, {
      hint: `Name them all with --on: otto doctor --on ${host},${on}`,
    });
  const names = host === undefined ? listOnHosts(lab.repos, lab.data, on) : [host];
  return [...new Set(names.map((name) => lab.findHost(name).id))];
}

/** A finding as one line, with what to do. */
export function formatFinding(finding: Finding): string {
  const { machine, check, status, text } = finding;
  const start = `${machine.padEnd(machineWidth)}  ${check.padEnd(checkWidth)}  ${status.replace("-", " ").padEnd(statusWidth)}  `;
  const said = text.replaceAll(/\s+/g, " ");
  return "code" in finding ? `${start}${said} [${finding.code}] → ${finding.hint}` : `${start}${said}`;
}
