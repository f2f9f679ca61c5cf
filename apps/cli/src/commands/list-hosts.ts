import type { HostData } from "@otto/config";
import type { ContainerHostRow } from "@otto/docker";
import { exitCodes } from "../exit-code.js";
import type { Outcome } from "../outcome.js";
import { showTable, type TableRow } from "../output/shown-table.js";
import type { Session } from "../session.js";
import { declareServices } from "../stack-choice.js";

/**
 * `otto --list-hosts`: the hosts of the lab and the containers that the repos declare. Connects to nothing. A compose
 * file that cannot be read fails it, after the hosts have been shown.
 */
export async function listHosts(session: Session): Promise<Outcome> {
  const lab = await session.lab();
  try {
    for (const { repo, error } of await declareServices(lab)) {
      session.reporter.notice("warn", `${repo.name} is skipped: ${error.message}`);
    }
    return { exitCode: exitCodes.done };
  } finally {
    showTable(session, [...lab.data.hosts.map(hostRow), ...lab.hosts.list().map(containerRow)]);
  }
}

function hostRow(host: HostData): TableRow {
  const { id, handle, hop, dockerCapable, isLocal, ip, ssh, roles } = host;
  const address = isLocal ? "this machine" : `${ip}:${ssh.port}`;
  const way = hop === undefined ? address : `${address} through ${hop}`;
  const named = roles.length === 0 ? way : `${way}, for ${roles.join(", ")}`;
  return {
    cells: [handle === id ? id : `${id} (${handle})`, dockerCapable ? "parent" : "host", named],
    record: { type: "host", kind: "host", id, handle, address, hop, dockerCapable, roles },
  };
}

function containerRow(host: ContainerHostRow): TableRow {
  return {
    cells: [host.id, "container", `${host.service} of ${host.project}`],
    record: { type: "host", kind: "container", ...host },
  };
}
