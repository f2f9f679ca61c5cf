import { diagnose, type Finding } from "@otto/doctor";
import { exitCodes } from "../exit-code.js";
import type { Outcome } from "../outcome.js";
import type { Session } from "../session.js";

const machineWidth = 16;
const checkWidth = 10;

/** `otto doctor`: one line for each thing that was looked at; fails when one of them does. */
export async function doctor(session: Session, id: string | undefined): Promise<Outcome> {
  const lab = await session.lab();
  const hosts = id === undefined ? lab.data.hosts.filter((host) => host.dockerCapable).map((host) => host.id) : [id];
  const counts = { ok: 0, warning: 0, failed: 0 };
  for (const host of hosts) {
    for await (const finding of diagnose(lab, host, session.signal)) {
      counts[finding.status] += 1;
      session.reporter.item(formatFinding(finding), { type: "check", host, ...finding });
    }
  }
  if (hosts.length === 0)
    session.reporter.notice("warn", "the lab has no docker-capable host; name one: otto doctor HOST");
  session.signal.throwIfAborted();
  return { exitCode: counts.failed > 0 ? exitCodes.failed : exitCodes.done, fields: counts };
}

/** A finding as one line, with what to do. */
export function formatFinding(finding: Finding): string {
  const { machine, check, status, text } = finding;
  const start = `${machine.padEnd(machineWidth)}  ${check.padEnd(checkWidth)}  ${status.padEnd(7)}  `;
  const said = text.replaceAll(/\s+/g, " ");
  return finding.status === "ok" ? `${start}${said}` : `${start}${said} [${finding.code}] → ${finding.hint}`;
}
