import { OttoError } from "@otto/errors";
import { slug } from "../document/slug.js";
import { formatHostId, type HostIdentity } from "./host-identity.js";
import type { MachineAddress } from "./machine-address.js";

/** A host as a lab file has it. */
export interface HostEntry {
  readonly element: string;
  readonly ip: string;
  readonly user: string;
  readonly creds: readonly { readonly login: string }[];
  readonly labs: readonly string[];
  readonly hop?: string;
  readonly docker_capable?: boolean;
  readonly roles?: readonly string[];
  readonly ssh_options?: { readonly port?: number; readonly client_keys?: readonly string[] };
}

/** What a lab file has already of a host. */
export interface KnownHost extends HostIdentity {
  readonly id: string;
  readonly ip: string;
  readonly labs: readonly string[];
}

export interface NewParent {
  readonly machine: MachineAddress;
  /** The machines on the way, the nearest first; one that is the id of a known host is that host. */
  readonly via: readonly MachineAddress[];
  /** Its id. Default: the first word of its name, or its address. */
  readonly name?: string | undefined;
  /** Default: none. */
  readonly roles?: readonly string[] | undefined;
  /** A private key file, for the hosts that are made. */
  readonly identity?: string | undefined;
  readonly lab: string;
}

/** Entries to write, in the order in which they are reached. */
export interface PlannedEntries {
  readonly entries: readonly HostEntry[];
  /** Id of the parent. */
  readonly parent: string;
}

/**
 * The entries that make a machine a parent of a lab, with the hops on the way that the file does not have. Pure.
 *
 * @throws `LAB_MACHINE_INVALID` for a machine without a login, `LAB_HOST_EXISTS` unless `force`
 */
export function planEntries(
  { machine, via, name, roles, identity, lab }: NewParent,
  known: readonly KnownHost[],
  force: boolean,
): PlannedEntries {
  const entries: HostEntry[] = [];
  let hop: string | undefined;
  for (const { address, wanted } of [
    ...via.map((it) => ({ address: it, wanted: undefined })),
    { address: machine, wanted: name },
  ]) {
    const isParent = address === machine;
    const present = isParent ? undefined : findKnown(address, known, lab);
    if (present !== undefined) {
      hop = present.id;
      continue;
    }
    const entry = toEntry(address, { element: wanted ?? nameOf(address.host), hop, roles, identity, lab, isParent });
    const id = formatHostId(entry);
    if (!force && (known.some((it) => it.id === id) || entries.some((it) => formatHostId(it) === id))) throw exists(id);
    entries.push(entry);
    hop = id;
  }
  return { entries, parent: hop ?? "" };
}

interface EntryPlan {
  readonly element: string;
  readonly hop: string | undefined;
  readonly roles: readonly string[] | undefined;
  readonly identity: string | undefined;
  readonly lab: string;
  readonly isParent: boolean;
}

function toEntry(
  { host, user, port }: MachineAddress,
  { element, hop, roles, identity, lab, isParent }: EntryPlan,
): HostEntry {
  if (user === undefined || slug(element) === "") {
    throw new OttoError(
      "LAB_MACHINE_INVALID",
      `adding ${host} to the lab ${lab}: ${user === undefined ? "it has no login" : "its name has no letter or digit"}`,
      {
        hint:
          user === undefined
            ? `Name the login: USER@${host}. An alias of your SSH configuration needs no lab: --on ${host}`
            : "Choose another with --name.",
        details: { machine: host },
      },
    );
  }
  const options = { ...(port !== undefined && { port }), ...(identity !== undefined && { client_keys: [identity] }) };
  return {
    ...{ element, ip: host, user, creds: [{ login: user }], labs: [lab] },
    ...(hop !== undefined && { hop }),
    ...(isParent && { docker_capable: true }),
    ...(isParent && roles !== undefined && { roles }),
    ...(Object.keys(options).length > 0 && { ssh_options: options }),
  };
}

/** A hop by its id, or by the address that it has; it is in the same lab. */
function findKnown({ host, user }: MachineAddress, known: readonly KnownHost[], lab: string): KnownHost | undefined {
  const inLab = known.filter(({ labs }) => labs.includes(lab));
  const byId = user === undefined ? inLab.find(({ id }) => id === host.toLowerCase()) : undefined;
  return byId ?? inLab.find(({ ip }) => ip === host);
}

/** `pepper` of `pepper.example.org`; an address as it is. */
function nameOf(host: string): string {
  const isAddress = /^[\d.]+$/.test(host) || host.includes(":");
  return slug(isAddress ? host : (host.split(".")[0] ?? host));
}

function exists(id: string): OttoError {
  return new OttoError("LAB_HOST_EXISTS", `adding the host ${id}: the lab file has one`, {
    hint: "Choose another --name, or replace it with --force.",
    details: { host: id },
  });
}
