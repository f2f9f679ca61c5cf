import { type KeptSshConnection, listConnections } from "@otto/host-registry";
import { exitCodes } from "../exit-code.js";
import type { Outcome } from "../outcome.js";
import { formatDuration } from "../output/duration.js";
import { showTable, type TableRow } from "../output/shown-table.js";
import type { Session } from "../session.js";

export interface LabConnectionsFlags {
  /** Ids; none: all. */
  readonly hosts: readonly string[];
  readonly stop?: boolean;
}

/** `otto lab connections`: the connections that outlived the commands that opened them. Connects to no host. */
export async function labConnections(session: Session, { hosts, stop = false }: LabConnectionsFlags): Promise<Outcome> {
  const { invocation, options, reporter } = session;
  const all = await listConnections(invocation);
  const chosen = all.filter(({ host }) => hosts.length === 0 || hosts.includes(host));
  for (const host of hosts.filter((id) => !all.some((connection) => connection.host === id))) {
    reporter.notice("info", `no connection to ${host} is kept`);
  }
  if (!stop) showTable(session, chosen.map(rowOf), header);
  else if (options.dryRun) for (const connection of chosen) showStep(session, connection);
  else await Promise.all(chosen.map((connection) => end(session, connection)));
  return { exitCode: exitCodes.done };
}

const header = ["HOST", "WAY", "USER", "AGE", "IDLE", "IN USE BY"];

function rowOf(connection: KeptSshConnection): TableRow {
  const { host, hops, user, address, state, ageMs, idleMs, users } = connection;
  const way = hops.length === 0 ? address : `${address} through ${hops.join(", ")}`;
  const use = state === "open" ? users.join(", ") || "-" : state;
  return {
    cells: [host, way, user, formatDuration(ageMs), users.length > 0 ? "-" : formatDuration(idleMs), use],
    record: recordOf(connection, state),
  };
}

function recordOf(connection: KeptSshConnection, state: KeptSshConnection["state"] | "closed") {
  const { host, hops, user, address, pid, ageMs, idleMs, persistMs, users } = connection;
  return { type: "connection", host, hops, user, address, pid, state, ageMs, idleMs, persistMs, users };
}

function showStep({ reporter }: Session, { host, address }: KeptSshConnection): void {
  reporter.item(`would close the connection to ${host} (${address})`, { type: "step", do: "close", host });
}

async function end({ reporter }: Session, connection: KeptSshConnection): Promise<void> {
  await connection.end();
  const { host, address } = connection;
  reporter.item(`closed the connection to ${host} (${address})`, recordOf(connection, "closed"));
}
