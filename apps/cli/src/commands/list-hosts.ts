import type { HostData } from "@otto/config";
import type { ContainerHostRow, Lab, SkippedRepo } from "@otto/docker";
import { exitCodes } from "../exit-code.js";
import type { Outcome } from "../outcome.js";
import { showTable, type TableRow } from "../output/shown-table.js";
import type { Session } from "../session.js";
import { hasStack } from "../stack-choice.js";

/**
 * `otto --list-hosts`: the hosts of the lab and the containers that the repos declare. Connects to nothing. A compose
 * file that cannot be read fails it, after the hosts have been shown.
 */
export async function listHosts(session: Session): Promise<Outcome> {
  const lab = await session.lab();
  try {
    for (const { repo, error } of await declare(lab)) {
      session.reporter.notice("warn", `${repo.name} is skipped: ${error.message}`);
    }
    return { exitCode: exitCodes.done };
  } finally {
    showTable(session, [...lab.data.hosts.map(hostRow), ...lab.hosts.list().map(containerRow)]);
  }
}

async function declare(lab: Lab): Promise<readonly SkippedRepo[]> {
  if (!lab.repos.some(hasStack)) return [];
  const { declareStacks } = await import("../stack-declaration.js");
  return declareStacks(lab);
}

function hostRow(host: HostData): TableRow {
  const { id, handle, hop, dockerCapable, isLocal, ip, ssh } = host;
  const address = isLocal ? "this machine" : `${ip}:${ssh.port}`;
  const way = hop === undefined ? address : `${address} through ${hop}`;
  return {
    cells: [handle === id ? id : `${id} (${handle})`, dockerCapable ? "parent" : "host", way],
    record: { type: "host", kind: "host", id, handle, address, hop, dockerCapable },
  };
}

function containerRow(host: ContainerHostRow): TableRow {
  return {
    cells: [host.id, "container", `${host.service} of ${host.project}`],
    record: { type: "host", kind: "container", ...host },
  };
}
