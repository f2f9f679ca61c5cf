import { diagnose, type Finding } from "@otto/doctor";
import { exitCodes } from "../exit-code.js";
import { readLabChoice } from "../lab-choice.js";
import type { Outcome } from "../outcome.js";
import type { Session } from "../session.js";

const machineWidth = 16;
const checkWidth = 10;
const statusWidth = 11;

/** `otto doctor`: one line for each thing to look at; fails when one of them does, or was not reached. */
export async function doctor(session: Session, id: string | undefined): Promise<Outcome> {
  const lab = await session.lab();
  const { name, chosenBy } = await readLabChoice(session);
  session.reporter.notice(
    "info",
    `the lab is ${name}: ${chosenBy ?? "neither --lab, OTTO_LAB nor settings name another"}`,
  );
  const hosts = id === undefined ? lab.data.hosts.filter((host) => host.dockerCapable).map((host) => host.id) : [id];
  const counts = { ok: 0, warning: 0, failed: 0, "not-reached": 0 };
  for (const host of hosts) {
    for await (const finding of diagnose(lab, host, session.signal)) {
      counts[finding.status] += 1;
      session.reporter.item(formatFinding(finding), { type: "check", host, ...finding });
    }
  }
  if (hosts.length === 0)
    session.reporter.notice("warn", "the lab has no docker-capable host; name one: otto doctor HOST");
  session.signal.throwIfAborted();
  const { "not-reached": notReached, ...seen } = counts;
  const isWell = seen.failed === 0 && notReached === 0;
  return { exitCode: isWell ? exitCodes.done : exitCodes.failed, fields: { ...seen, notReached } };
}

/** A finding as one line, with what to do. */
export function formatFinding(finding: Finding): string {
  const { machine, check, status, text } = finding;
  const start = `${machine.padEnd(machineWidth)}  ${check.padEnd(checkWidth)}  ${status.replace("-", " ").padEnd(statusWidth)}  `;
  const said = text.replaceAll(/\s+/g, " ");
  return "code" in finding ? `${start}${said} [${finding.code}] → ${finding.hint}` : `${start}${said}`;
}
